-- name: lock_withdrawn
-- Payouts whose holders have withdrawn before release, locked: they are cancelled.
SELECT pending.award_id, pending.registration_id
  FROM payouts_pendingpayout AS pending
  JOIN queueing_registration AS registration ON registration.id = pending.registration_id
 WHERE registration.withdrawn_at IS NOT NULL AND pending.state IN ('due', 'details_needed', 'on_hold')
 ORDER BY pending.award_id FOR UPDATE OF pending;

-- name: lock_unclaimed
-- Payouts whose holders were asked for details and gave none in time, locked: they lapse.
SELECT pending.award_id, pending.registration_id
  FROM payouts_pendingpayout AS pending JOIN cards_program AS program ON program.id = pending.program_id
 WHERE pending.state = 'details_needed' AND pending.since + make_interval(days => program.claim_days) <= %(now)s
 ORDER BY pending.award_id FOR UPDATE OF pending;

-- name: lock_on_hold
-- One payout on hold, locked: it is cancelled by decision.
SELECT award_id, registration_id FROM payouts_pendingpayout
 WHERE award_id = %(award)s AND state = 'on_hold' AND release_id IS NULL FOR UPDATE;

-- name: cancel
-- Payouts that are locked leave PENDING for the cancelled, as `cancelled` or `lapsed`.
WITH moved AS (
    DELETE FROM payouts_pendingpayout WHERE award_id = ANY(%(awards)s) RETURNING *
), cancelled AS (
    INSERT INTO payouts_cancelledpayout (award_id, program_id, source, source_id, place, amount_minor, currency, state,
                                         reason, posted, cancelled_at)
    SELECT award_id, program_id, source, source_id, place, amount_minor, currency, %(state)s, %(reason)s, true, %(now)s
      FROM moved ORDER BY award_id
)
SELECT award_id, registration_id, program_id, amount_minor, currency, source FROM moved ORDER BY award_id;

-- name: hold_frozen
-- Cards frozen meanwhile: their payouts are on hold.
UPDATE payouts_pendingpayout AS pending SET state = 'on_hold', reason = 'frozen', since = %(now)s
  FROM queueing_registration AS registration
 WHERE registration.id = pending.registration_id AND registration.frozen_at IS NOT NULL
   AND pending.state = 'due' AND pending.release_id IS NULL;

-- name: free_unfrozen
-- Cards released again: their payouts are due, or details are needed.
UPDATE payouts_pendingpayout AS pending
   SET state = CASE WHEN details.payee_key IS NULL THEN 'details_needed' ELSE 'due' END, since = %(now)s,
       reason = CASE WHEN details.payee_key IS NULL THEN 'no_details' ELSE '' END,
       details_version = CASE WHEN details.payee_key IS NULL THEN 0 ELSE details.version END
  FROM queueing_registration AS registration
  LEFT JOIN queueing_holderdetails AS details ON details.registration_id = registration.id
 WHERE registration.id = pending.registration_id AND registration.frozen_at IS NULL
   AND pending.state = 'on_hold' AND pending.reason = 'frozen';

-- name: refresh_corrected
-- Details came, or their version has risen: what waited for them is due. A card frozen meanwhile is held next time.
UPDATE payouts_pendingpayout AS pending
   SET state = 'due', reason = '', since = %(now)s, details_version = details.version
  FROM queueing_holderdetails AS details
 WHERE details.registration_id = pending.registration_id AND details.payee_key IS NOT NULL
   AND pending.state = 'details_needed' AND details.version > pending.details_version;

-- name: forget_versions
-- Where the payee is gone, whatever comes next is new.
UPDATE payouts_pendingpayout AS pending SET details_version = 0
 WHERE pending.state = 'details_needed' AND pending.details_version > 0
   AND NOT EXISTS (SELECT FROM queueing_holderdetails AS details
                    WHERE details.registration_id = pending.registration_id AND details.payee_key IS NOT NULL);

-- name: resume
-- Payouts that the organizer had to look at are due again.
UPDATE payouts_pendingpayout SET state = 'due', reason = '', since = %(now)s
 WHERE award_id = ANY(%(awards)s) AND state = 'on_hold' AND reason <> 'frozen';

-- name: to_extend
-- Details that would be erased soon although a payout of theirs is on its way, or an award not collected yet.
SELECT details.registration_id FROM queueing_holderdetails AS details
 WHERE details.erase_by <= %(soon)s AND details.payee_key IS NOT NULL
   AND (EXISTS (SELECT FROM payouts_pendingpayout AS pending
                 WHERE pending.registration_id = details.registration_id AND pending.state <> 'details_needed')
        OR EXISTS (
            SELECT FROM queueing_award AS award
             WHERE award.registration_id = details.registration_id AND award.kind = 'cash'
               AND NOT EXISTS (SELECT FROM payouts_pendingpayout AS held WHERE held.award_id = award.id)
               AND NOT EXISTS (SELECT FROM payouts_refund AS held WHERE held.award_id = award.id)
               AND NOT EXISTS (SELECT FROM payouts_cancelledpayout AS held WHERE held.award_id = award.id)))
 ORDER BY details.registration_id LIMIT %(registrations_max)s;
