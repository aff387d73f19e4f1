-- name: releases_to_send
-- Approved releases, and those that a crash left half sent.
SELECT id FROM payouts_release WHERE state IN ('approved', 'sending') ORDER BY id;

-- name: approved_payouts
-- What an approved release will send, locked, with the number of the attempt to come.
SELECT award_id, registration_id, attempts + 1, amount_minor, currency FROM payouts_pendingpayout
 WHERE release_id = %(release)s AND state = 'approved' ORDER BY award_id FOR UPDATE;

-- name: drop_frozen
-- Payouts of cards that were frozen after their release was approved: on hold, and out of it.
UPDATE payouts_pendingpayout AS pending SET state = 'on_hold', reason = 'frozen', release_id = NULL, since = %(now)s
  FROM queueing_registration AS registration
 WHERE registration.id = pending.registration_id AND registration.frozen_at IS NOT NULL
   AND pending.release_id = %(release)s AND pending.state = 'approved'
RETURNING pending.award_id, pending.registration_id;

-- name: drop_unpayable
-- Payouts that the rail cannot carry as their details stand: the holders are asked.
UPDATE payouts_pendingpayout AS pending
   SET state = 'details_needed', release_id = NULL, since = %(now)s, reason = dropped.reason
  FROM unnest(%(awards)s::bigint[], %(reasons)s::text[]) AS dropped (award_id, reason)
 WHERE pending.award_id = dropped.award_id AND pending.release_id = %(release)s AND pending.state = 'approved'
RETURNING pending.registration_id;

-- name: start_attempts
-- The payouts count as sent from here on, and each has an attempt with its reference.
WITH started AS (
    UPDATE payouts_pendingpayout SET state = 'sent', attempts = attempts + 1, since = %(now)s
     WHERE release_id = %(release)s AND state = 'approved'
    RETURNING award_id, attempts, amount_minor, currency
)
INSERT INTO payouts_attempt (award_id, number, release_id, end_to_end_id, amount_minor, currency, state, reason,
                             booking_reference, sent_at)
SELECT award_id, attempts, %(release)s, 'A' || award_id || '-' || attempts || '-' || %(tag)s, amount_minor, currency,
       'sent', '', '', %(now)s
  FROM started ORDER BY award_id;

-- name: attempts_of_release
-- The attempts of a release with their registrations; as many payouts as are still without any answer.
SELECT attempt.end_to_end_id, attempt.amount_minor, attempt.currency, award.registration_id,
       attempt.answered_at IS NOT NULL
  FROM payouts_attempt AS attempt JOIN queueing_award AS award ON award.id = attempt.award_id
 WHERE attempt.release_id = %(release)s ORDER BY attempt.award_id;
