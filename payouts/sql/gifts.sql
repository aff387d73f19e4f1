-- name: gift_of_receipt
-- What the holder of a receipt may see of a gift; a receipt without one gives a row without an award.
SELECT gift.award_id, registration.program_id, gift.state, gift.since, gift.offer_id, gift.way, gift.choice,
       gift.tracking, dealer.code AS dealer_code, dealer.name AS dealer_name, dealer.address AS dealer_address, program.claim_days,
       offering.since AS offered_since, COALESCE(dealer.active, TRUE) AS counter_open,
       (SELECT max(event.at) FROM queueing_timelineevent AS event
         WHERE event.registration_id = registration.id AND event.event = 'released') AS released_at,
       CASE WHEN registration.withdrawn_at IS NOT NULL THEN 'withdrawn'
            WHEN registration.voided_at IS NOT NULL THEN 'void'
            WHEN registration.frozen_at IS NOT NULL THEN 'frozen' ELSE '' END AS blocked
  FROM queueing_registration AS registration
  JOIN cards_program AS program ON program.id = registration.program_id
  LEFT JOIN queueing_award AS award
    ON award.registration_id = registration.id AND award.source = 'cycle' AND award.kind = 'gift'
  LEFT JOIN payouts_gift AS gift ON gift.award_id = award.id
  LEFT JOIN cards_dealer AS dealer ON dealer.id = gift.dealer_id
  LEFT JOIN payouts_offering AS offering ON offering.program_id = registration.program_id
 WHERE registration.receipt_digest = %(receipt_digest)s;

-- name: gift_of_registration
-- The gift of a registration, as it was collected.
SELECT gift.award_id FROM queueing_award AS award JOIN payouts_gift AS gift ON gift.award_id = award.id
 WHERE award.registration_id = %(registration)s AND award.source = 'cycle' AND award.kind = 'gift';

-- name: gift_of_card
-- The gift of a card, for a claim at a counter.
SELECT gift.award_id, gift.choice
  FROM queueing_registration AS registration
  JOIN queueing_award AS award
    ON award.registration_id = registration.id AND award.source = 'cycle' AND award.kind = 'gift'
  JOIN payouts_gift AS gift ON gift.award_id = award.id
 WHERE registration.card_id = %(number)s;

-- name: lock_registration
-- Keep a registration as it is, until its holder has chosen.
SELECT registration.id FROM queueing_registration AS registration
 WHERE registration.id = %(registration)s FOR NO KEY UPDATE;

-- name: lock_details
-- First of all locks of whoever changes gifts: what is held of their holders, in one order for everybody.
SELECT details.registration_id FROM queueing_holderdetails AS details
 WHERE details.registration_id IN (SELECT award.registration_id FROM queueing_award AS award
                                    WHERE award.id = ANY(%(awards)s))
 ORDER BY details.registration_id FOR UPDATE OF details;

-- name: lock_gifts
-- Then the gifts, in one order for everybody.
SELECT gift.award_id FROM payouts_gift AS gift
 WHERE gift.award_id = ANY(%(awards)s) ORDER BY gift.award_id FOR NO KEY UPDATE;

-- name: read_gifts
-- Gifts with all that decides about them. Read after locking, in a statement of its own.
SELECT gift.award_id, award.registration_id, gift.program_id, program.currency, program.claim_days, gift.state,
       gift.since, gift.offer_id, COALESCE(offer.cost_minor, 0), gift.way, gift.dealer_id, gift.choice, gift.tracking,
       registration.frozen_at IS NOT NULL, registration.withdrawn_at IS NOT NULL OR registration.voided_at IS NOT NULL,
       COALESCE(details.delivery IS NOT NULL, false)
  FROM payouts_gift AS gift
  JOIN queueing_award AS award ON award.id = gift.award_id
  JOIN queueing_registration AS registration ON registration.id = award.registration_id
  JOIN cards_program AS program ON program.id = gift.program_id
  LEFT JOIN payouts_offer AS offer ON offer.id = gift.offer_id
  LEFT JOIN queueing_holderdetails AS details ON details.registration_id = award.registration_id
 WHERE gift.award_id = ANY(%(awards)s) ORDER BY gift.award_id;

-- name: lock_offers
-- Last of all locks: the offers, in one order for everybody.
SELECT offer.id FROM payouts_offer AS offer WHERE offer.id = ANY(%(offers)s) ORDER BY offer.id FOR NO KEY UPDATE;

-- name: free_code
-- The next free code of an offer that nobody else is just taking.
SELECT code.id FROM payouts_ecode AS code
 WHERE code.offer_id = %(offer)s AND code.gift_id IS NULL
 ORDER BY code.id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED;

-- name: any_free_code
-- The next free code of an offer, waited for: somebody wraps its key anew at this moment.
SELECT code.id FROM payouts_ecode AS code
 WHERE code.offer_id = %(offer)s AND code.gift_id IS NULL
 ORDER BY code.id LIMIT 1 FOR NO KEY UPDATE;

-- name: hand_over
-- What is ready is handed over; a parcel's number goes with it.
UPDATE payouts_gift SET state = 'handed_over', since = %(now)s, tracking = ''
 WHERE award_id = ANY(%(awards)s) AND state = 'ready';

-- name: lapse
-- What nobody chose, or nobody fetched, lapses.
UPDATE payouts_gift SET state = 'lapsed', since = %(now)s, offer_id = NULL, way = '', dealer_id = NULL, tracking = ''
 WHERE award_id = ANY(%(awards)s) AND state IN ('owed', 'chosen', 'ready');

-- name: nothing_to_come
-- Of these registrations, those with no award open and none to come. Under `line` cash may come until there was some.
SELECT registration.id
  FROM queueing_registration AS registration
  JOIN cards_program AS program ON program.id = registration.program_id
 WHERE registration.id = ANY(%(registrations)s)
   AND (program.rule = 'cohort'
        OR EXISTS (SELECT FROM queueing_award AS award
                    WHERE award.registration_id = registration.id AND award.source = 'cycle' AND award.kind = 'cash'))
   AND NOT EXISTS (
       SELECT FROM queueing_award AS award
        WHERE award.registration_id = registration.id AND (
              (award.kind = 'cash'
               AND NOT EXISTS (SELECT FROM payouts_refund AS held WHERE held.award_id = award.id)
               AND NOT EXISTS (SELECT FROM payouts_cancelledpayout AS held WHERE held.award_id = award.id))
           OR (award.kind = 'gift'
               AND NOT EXISTS (SELECT FROM payouts_gift AS gift WHERE gift.award_id = award.id
                                  AND gift.state IN ('handed_over', 'lapsed')))))
 ORDER BY registration.id;

-- name: pick_list
-- What is chosen and may be packed, by offer, way and dealer.
SELECT offer.id, offer.name, offer.name_zh, gift.way, COALESCE(dealer.code, ''), count(*),
       array_agg(gift.award_id ORDER BY gift.award_id)
  FROM payouts_gift AS gift
  JOIN payouts_offer AS offer ON offer.id = gift.offer_id
  JOIN queueing_award AS award ON award.id = gift.award_id
  JOIN queueing_registration AS registration ON registration.id = award.registration_id
  LEFT JOIN cards_dealer AS dealer ON dealer.id = gift.dealer_id
 WHERE gift.program_id = %(program)s AND gift.state = 'chosen'
   AND registration.frozen_at IS NULL AND registration.withdrawn_at IS NULL
 GROUP BY offer.id, gift.way, dealer.code
 ORDER BY offer.position, offer.id, gift.way, dealer.code;

-- name: parcels
-- Posted gifts whose address is held, for their labels.
SELECT gift.award_id, award.registration_id, program.code, offer.name_zh
  FROM payouts_gift AS gift
  JOIN queueing_award AS award ON award.id = gift.award_id
  JOIN cards_program AS program ON program.id = gift.program_id
  JOIN payouts_offer AS offer ON offer.id = gift.offer_id
 WHERE gift.award_id = ANY(%(awards)s) AND gift.way = 'post' AND gift.state IN ('chosen', 'ready')
 ORDER BY gift.award_id;
