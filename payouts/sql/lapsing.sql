-- name: watch_offers
-- Since when each program's holders have had something to choose. What is not on offer for a moment begins anew. What
-- is handed over at dealers alone is nothing to choose where no dealer has a counter.
INSERT INTO payouts_offering (program_id, since)
SELECT offer.program_id, CASE WHEN bool_or(offer.active AND offer.reserved < offer.stock
                                           AND (offer.by_post OR offer.by_code OR there.counters))
                              THEN %(now)s::timestamptz END
  FROM payouts_offer AS offer
 CROSS JOIN LATERAL (SELECT EXISTS (SELECT FROM cards_lot AS lot JOIN cards_dealer AS dealer ON dealer.id = lot.dealer_id
                                     WHERE lot.program_id = offer.program_id AND dealer.active) AS counters) AS there
 GROUP BY offer.program_id ORDER BY offer.program_id
    ON CONFLICT (program_id) DO UPDATE
   SET since = CASE WHEN excluded.since IS NOT NULL THEN COALESCE(payouts_offering.since, excluded.since) END
 WHERE (payouts_offering.since IS NULL) <> (excluded.since IS NULL);

-- name: unchosen
-- Gifts of a program that were owed, with something to choose from, for as long as there is to choose. Frozen cards wait, and
-- have as long again once they are released.
SELECT gift.award_id
  FROM payouts_gift AS gift
  JOIN payouts_offering AS offering ON offering.program_id = gift.program_id
  JOIN cards_program AS program ON program.id = gift.program_id
  JOIN queueing_award AS award ON award.id = gift.award_id
  JOIN queueing_registration AS registration ON registration.id = award.registration_id
 WHERE gift.program_id = %(program)s AND gift.state = 'owed'
   AND gift.since <= %(now)s - make_interval(days => program.claim_days)
   AND offering.since <= %(now)s - make_interval(days => program.claim_days)
   AND registration.frozen_at IS NULL
   AND NOT EXISTS (SELECT FROM queueing_timelineevent AS released
                    WHERE released.registration_id = registration.id AND released.event = 'released'
                      AND released.at > %(now)s - make_interval(days => program.claim_days))
 ORDER BY gift.since LIMIT %(gifts_max)s;

-- name: unfetched
-- Gifts of a program that nobody fetched from a counter, or codes that nobody read, in time. What lies at a counter that
-- was closed cannot be fetched, and waits for the organizer.
SELECT gift.award_id
  FROM payouts_gift AS gift
  JOIN cards_program AS program ON program.id = gift.program_id
  JOIN queueing_award AS award ON award.id = gift.award_id
  JOIN queueing_registration AS registration ON registration.id = award.registration_id
 WHERE gift.program_id = %(program)s AND gift.state = 'ready' AND gift.way IN ('dealer', 'code')
   AND NOT EXISTS (SELECT FROM cards_dealer AS dealer WHERE dealer.id = gift.dealer_id AND NOT dealer.active)
   AND gift.since <= %(now)s - make_interval(days => program.claim_days)
   AND registration.frozen_at IS NULL
   AND NOT EXISTS (SELECT FROM queueing_timelineevent AS released
                    WHERE released.registration_id = registration.id AND released.event = 'released'
                      AND released.at > %(now)s - make_interval(days => program.claim_days))
 ORDER BY gift.since LIMIT %(gifts_max)s;

-- name: long_posted
-- Parcels of a program that were posted so long ago that they have arrived.
SELECT gift.award_id
  FROM payouts_gift AS gift JOIN cards_program AS program ON program.id = gift.program_id
 WHERE gift.program_id = %(program)s AND gift.state = 'ready' AND gift.way = 'post'
   AND gift.since <= %(now)s - make_interval(days => program.claim_days)
 ORDER BY gift.since LIMIT %(gifts_max)s;

-- name: open_of_withdrawn
-- Gifts of holders who have withdrawn lately: from who left to the gift, since millions of gifts may be owed. A parcel
-- that is on its way stays on it.
SELECT gift.award_id
  FROM queueing_registration AS registration
  JOIN queueing_award AS award
    ON award.registration_id = registration.id AND award.source = 'cycle' AND award.kind = 'gift'
  JOIN payouts_gift AS gift ON gift.award_id = award.id
 WHERE registration.withdrawn_at > %(since)s
   AND (gift.state IN ('owed', 'chosen') OR (gift.state = 'ready' AND gift.way IN ('dealer', 'code')))
 ORDER BY gift.award_id LIMIT %(gifts_max)s;

-- name: near_their_end
-- Deliveries whose gift is still to come and whose time is near, and until when they may be needed.
SELECT details.registration_id, program.claim_days
  FROM queueing_holderdetails AS details
  JOIN queueing_award AS award
    ON award.registration_id = details.registration_id AND award.source = 'cycle' AND award.kind = 'gift'
  JOIN payouts_gift AS gift ON gift.award_id = award.id AND gift.state IN ('chosen', 'ready')
  JOIN cards_program AS program ON program.id = gift.program_id
 WHERE details.delivery_erase_by <= %(soon)s
 ORDER BY details.registration_id LIMIT %(gifts_max)s;

-- name: programs_with_gifts
-- Programs that still owe gifts.
SELECT tally.program_id FROM payouts_tally AS tally WHERE tally.gifts_owed > 0 ORDER BY tally.program_id;
