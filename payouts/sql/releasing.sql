-- name: next_release
-- The id of the release to come: its file and its holds are named after it before the row stands.
SELECT nextval(pg_get_serial_sequence('payouts_release', 'id'));

-- name: programs_to_release
-- Programs that let the schedule release, with something due below their amount.
SELECT program.id FROM cards_program AS program
 WHERE program.release_below_minor IS NOT NULL
   AND EXISTS (
       SELECT FROM payouts_pendingpayout AS pending
        WHERE pending.program_id = program.id AND pending.state = 'due' AND pending.release_id IS NULL
          AND pending.reopened_at IS NULL AND pending.reason <> 'payee_limit'
          AND pending.amount_minor < program.release_below_minor);

-- name: pick_due
-- What may leave next, in order: one award a registration, none while another of its awards is on its way, and what
-- was reopened only after its waiting time.
SELECT pending.award_id, pending.registration_id FROM payouts_pendingpayout AS pending
 WHERE pending.program_id = %(program)s AND pending.state = 'due' AND pending.release_id IS NULL
   AND (pending.reopened_at IS NULL OR pending.reopened_at <= %(reopened_before)s)
   AND (%(below_minor)s::bigint IS NULL OR (pending.amount_minor < %(below_minor)s AND pending.reopened_at IS NULL
                                            AND pending.reason <> 'payee_limit'))
   AND NOT EXISTS (
       SELECT FROM payouts_pendingpayout AS other
        WHERE other.registration_id = pending.registration_id AND other.award_id <> pending.award_id
          AND (other.release_id IS NOT NULL OR other.state = 'in_doubt'
               OR (other.state = 'due' AND other.award_id < pending.award_id)))
 ORDER BY pending.source, pending.source_id, pending.place LIMIT %(payouts_max)s
   FOR UPDATE OF pending;

-- name: put_into_release
-- Payouts enter a prepared release; each remembers the version of the details it was prepared with.
UPDATE payouts_pendingpayout AS pending SET release_id = %(release)s, details_version = picked.version
  FROM unnest(%(awards)s::bigint[], %(versions)s::int[]) AS picked (award_id, version)
 WHERE pending.award_id = picked.award_id AND pending.state = 'due' AND pending.release_id IS NULL;

-- name: without_payee
-- Due payouts whose payee is gone meanwhile: their holders are asked.
UPDATE payouts_pendingpayout
   SET state = 'details_needed', reason = 'no_details', since = %(now)s, details_version = 0
 WHERE award_id = ANY(%(awards)s) AND state = 'due' AND release_id IS NULL;

-- name: over_payee_limit
-- Due payouts to payees over the program's limit: from now on they wait for two people.
UPDATE payouts_pendingpayout SET reason = 'payee_limit'
 WHERE award_id = ANY(%(awards)s) AND state = 'due' AND release_id IS NULL;

-- name: prepared_payouts
-- What stands in a prepared release, locked in order.
SELECT award_id, registration_id, details_version FROM payouts_pendingpayout
 WHERE release_id = %(release)s AND state = 'due' ORDER BY award_id FOR UPDATE;

-- name: approve_payouts
-- The held ones are approved.
UPDATE payouts_pendingpayout SET state = 'approved', since = %(now)s, reason = ''
 WHERE release_id = %(release)s AND state = 'due' AND registration_id = ANY(%(registrations)s);

-- name: drop_prepared
-- What could not be held falls back to due.
UPDATE payouts_pendingpayout SET release_id = NULL WHERE release_id = %(release)s AND state = 'due';

-- name: drop_approved
-- A release is called off before it left: its payouts are due again.
UPDATE payouts_pendingpayout SET release_id = NULL, state = 'due', since = %(now)s
 WHERE release_id = %(release)s AND state IN ('due', 'approved') RETURNING registration_id;

-- name: release_totals
-- How many payouts a release has, and what they add up to.
SELECT count(*), COALESCE(sum(amount_minor), 0)::bigint FROM payouts_pendingpayout WHERE release_id = %(release)s;
