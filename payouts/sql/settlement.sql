-- name: accept
-- The bank has taken the payments on; no money moves.
WITH answered AS (
    UPDATE payouts_attempt SET state = 'accepted', answered_at = %(now)s
     WHERE id = ANY(%(attempts)s) AND state = 'sent'
    RETURNING award_id, number
)
UPDATE payouts_pendingpayout AS pending SET state = 'accepted', since = %(now)s
  FROM answered
 WHERE pending.award_id = answered.award_id AND pending.attempts = answered.number AND pending.state = 'sent';

-- name: lock_payouts
-- Payouts of attempts, locked as far as they are pending, and whose they are. Those of which nothing is pending too.
WITH asked AS MATERIALIZED (
    SELECT DISTINCT award_id FROM payouts_attempt WHERE id = ANY(%(attempts)s)
), locked AS MATERIALIZED (
    SELECT pending.award_id FROM payouts_pendingpayout AS pending
     WHERE pending.award_id IN (SELECT award_id FROM asked)
     ORDER BY pending.award_id FOR UPDATE
)
SELECT award.registration_id FROM queueing_award AS award
 WHERE award.id IN (SELECT award_id FROM asked) AND (SELECT count(*) FROM locked) >= 0;

-- name: confirm
-- Move paid awards from PENDING to REFUNDED, and mark their attempts.
WITH answered AS (
    UPDATE payouts_attempt AS attempt
       SET state = 'confirmed', answered_at = %(now)s, booking_reference = booked.reference
      FROM unnest(%(attempts)s::bigint[], %(references)s::text[]) AS booked (id, reference)
     WHERE attempt.id = booked.id AND attempt.state IN ('sent', 'accepted', 'in_doubt')
    RETURNING attempt.award_id, attempt.number, attempt.end_to_end_id
), moved AS (
    DELETE FROM payouts_pendingpayout AS pending USING answered
     WHERE pending.award_id = answered.award_id AND pending.attempts = answered.number
       AND pending.state IN ('sent', 'accepted', 'in_doubt')
    RETURNING pending.award_id, pending.registration_id, pending.program_id, pending.source, pending.source_id,
              pending.place, pending.amount_minor, pending.currency, pending.release_id, pending.attempts,
              answered.end_to_end_id
), refunded AS (
    INSERT INTO payouts_refund (award_id, program_id, source, source_id, place, amount_minor, currency, end_to_end_id,
                                refunded_at)
    SELECT award_id, program_id, source, source_id, place, amount_minor, currency, end_to_end_id, %(now)s
      FROM moved ORDER BY award_id
)
SELECT award_id, attempts, registration_id, program_id, amount_minor, currency, release_id
  FROM moved ORDER BY award_id;

-- name: refuse
-- Payments that will not happen: their attempts end, their awards stay and wait for details or for the organizer.
-- An attempt may have been refused before, and booked all the same: its money is on its way back a second time.
WITH told AS MATERIALIZED (
    SELECT attempt.id, attempt.reason = 'booked_after_refusal' AS again, told.reason, told.next_state
      FROM unnest(%(attempts)s::bigint[], %(reasons)s::text[], %(states)s::text[]) AS told (id, reason, next_state)
      JOIN payouts_attempt AS attempt ON attempt.id = told.id
     ORDER BY attempt.id FOR UPDATE OF attempt
), answered AS (
    UPDATE payouts_attempt AS attempt SET state = 'refused', reason = told.reason, answered_at = %(now)s
      FROM told
     WHERE attempt.id = told.id AND attempt.state IN ('sent', 'accepted', 'in_doubt')
    RETURNING attempt.award_id, attempt.number, told.reason, told.next_state, attempt.release_id, told.again
)
UPDATE payouts_pendingpayout AS pending
   SET state = answered.next_state, reason = answered.reason, since = %(now)s, release_id = NULL
  FROM answered
 WHERE pending.award_id = answered.award_id AND pending.attempts = answered.number
   AND pending.state IN ('sent', 'accepted', 'in_doubt')
RETURNING pending.award_id, pending.attempts, pending.registration_id, pending.program_id, pending.amount_minor,
          pending.currency, answered.release_id, answered.again;

-- name: return
-- The one way back: paid awards whose money came back go from REFUNDED to PENDING in one statement. The erasure of
-- their payees stands, so that the version of the details begins anew where there are none.
WITH answered AS (
    UPDATE payouts_attempt AS attempt SET state = 'returned', reason = told.reason, answered_at = %(now)s
      FROM unnest(%(attempts)s::bigint[], %(reasons)s::text[]) AS told (id, reason)
     WHERE attempt.id = told.id AND attempt.state = 'confirmed'
    RETURNING attempt.award_id, attempt.number, attempt.end_to_end_id, told.reason, attempt.release_id
), moved AS (
    DELETE FROM payouts_refund AS refund USING answered
     WHERE refund.award_id = answered.award_id AND refund.end_to_end_id = answered.end_to_end_id
    RETURNING refund.award_id, refund.program_id, refund.source, refund.source_id, refund.place, refund.amount_minor,
              refund.currency, answered.number, answered.reason, answered.release_id
), back AS (
    INSERT INTO payouts_pendingpayout (award_id, registration_id, program_id, source, source_id, place, amount_minor,
                                       currency, state, since, reason, details_version, attempts)
    SELECT moved.award_id, award.registration_id, moved.program_id, moved.source, moved.source_id, moved.place,
           moved.amount_minor, moved.currency, 'details_needed', %(now)s, moved.reason,
           CASE WHEN details.payee_key IS NULL THEN 0 ELSE details.version END, moved.number
      FROM moved
      JOIN queueing_award AS award ON award.id = moved.award_id
      LEFT JOIN queueing_holderdetails AS details ON details.registration_id = award.registration_id
     ORDER BY moved.award_id
    RETURNING award_id, registration_id
)
SELECT moved.award_id, moved.number, back.registration_id, moved.program_id, moved.amount_minor, moved.currency,
       moved.release_id
  FROM moved JOIN back USING (award_id) ORDER BY moved.award_id;

-- name: doubt
-- Payments of which nobody knows whether they happened: never sent again before somebody finds out.
WITH doubted AS (
    UPDATE payouts_attempt SET state = 'in_doubt', reason = %(reason)s
     WHERE id = ANY(%(attempts)s) AND state IN ('sent', 'accepted')
    RETURNING award_id, number
)
UPDATE payouts_pendingpayout AS pending SET state = 'in_doubt', since = %(now)s, reason = %(reason)s
  FROM doubted
 WHERE pending.award_id = doubted.award_id AND pending.attempts = doubted.number
   AND pending.state IN ('sent', 'accepted');

-- name: doubt_refused
-- Refused payments that were booked all the same: unless a new attempt has begun they are in doubt, and leave the
-- release that would have sent them again. Not those of which two people know that they were not paid.
WITH standing AS MATERIALIZED (
    SELECT attempt.id, pending.award_id, pending.release_id
      FROM payouts_attempt AS attempt
      JOIN payouts_pendingpayout AS pending
        ON pending.award_id = attempt.award_id AND pending.attempts = attempt.number
     WHERE attempt.id = ANY(%(attempts)s) AND attempt.state = 'refused' AND attempt.reason <> 'not_paid'
       AND pending.state IN ('due', 'details_needed', 'on_hold', 'approved')
     ORDER BY pending.award_id FOR UPDATE OF pending
), doubted AS (
    UPDATE payouts_pendingpayout AS pending
       SET state = 'in_doubt', since = %(now)s, reason = 'booked_after_refusal', release_id = NULL
      FROM standing WHERE pending.award_id = standing.award_id
    RETURNING standing.id, pending.award_id, pending.attempts, pending.registration_id, pending.program_id,
              pending.amount_minor, pending.currency, standing.release_id
), marked AS (
    UPDATE payouts_attempt AS attempt SET state = 'in_doubt', reason = 'booked_after_refusal'
      FROM doubted WHERE attempt.id = doubted.id
)
SELECT award_id, attempts, registration_id, program_id, amount_minor, currency, release_id
  FROM doubted ORDER BY award_id;

-- name: unanswered
-- Attempts without a booking for too long.
SELECT attempt.id FROM payouts_attempt AS attempt JOIN payouts_release AS release ON release.id = attempt.release_id
 WHERE attempt.state IN ('sent', 'accepted') AND attempt.sent_at < %(before)s AND release.rail = %(rail)s
 ORDER BY attempt.id LIMIT %(attempts_max)s;

-- name: registrations_without_open_cash
-- Of these registrations, those with no cash award that is pending or not yet collected.
SELECT registration.id FROM unnest(%(registrations)s::bigint[]) AS registration (id)
 WHERE NOT EXISTS (SELECT FROM payouts_pendingpayout AS pending WHERE pending.registration_id = registration.id)
   AND NOT EXISTS (
       SELECT FROM queueing_award AS award
        WHERE award.registration_id = registration.id AND award.kind = 'cash'
          AND NOT EXISTS (SELECT FROM payouts_refund AS held WHERE held.award_id = award.id)
          AND NOT EXISTS (SELECT FROM payouts_cancelledpayout AS held WHERE held.award_id = award.id));

-- name: registrations_without_open_award
-- Of these registrations, those with no cash award open and no gift to hand over.
SELECT registration.id FROM unnest(%(registrations)s::bigint[]) AS registration (id)
 WHERE NOT EXISTS (SELECT FROM payouts_pendingpayout AS pending WHERE pending.registration_id = registration.id)
   AND NOT EXISTS (
       SELECT FROM queueing_award AS award
        WHERE award.registration_id = registration.id AND (
              (award.kind = 'cash'
               AND NOT EXISTS (SELECT FROM payouts_refund AS held WHERE held.award_id = award.id)
               AND NOT EXISTS (SELECT FROM payouts_cancelledpayout AS held WHERE held.award_id = award.id))
           OR (award.kind = 'gift'
               AND NOT EXISTS (SELECT FROM payouts_gift AS gift WHERE gift.award_id = award.id
                                  AND gift.state IN ('handed_over', 'lapsed')))));

-- name: settle_releases
-- Sent releases of which nothing is open any more; looked for by state, since the last answer may have come before
-- the release was marked sent.
UPDATE payouts_release AS release SET state = 'settled', settled_at = %(now)s
 WHERE release.state = 'sent'
   AND NOT EXISTS (SELECT FROM payouts_attempt AS attempt
                    WHERE attempt.release_id = release.id AND attempt.state IN ('sent', 'accepted', 'in_doubt'));
