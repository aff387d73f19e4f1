-- name: note_report
-- Write a report down unless this step was reported before: the first counts.
INSERT INTO centre_report (errand_id, sequence, state, at, received_at, sha256)
VALUES (%(errand)s, %(sequence)s, %(state)s, %(at)s, %(now)s, %(sha256)s)
ON CONFLICT (errand_id, sequence) DO NOTHING

-- name: note_state
-- Keep what a station says of itself, the newest by its own clock, and that it was alive.
UPDATE centre_station
   SET heard_at = greatest(heard_at, %(alive)s),
       reported = CASE WHEN reported_at IS NULL OR reported_at <= %(at)s THEN %(reported)s::jsonb ELSE reported END,
       reported_at = greatest(reported_at, %(at)s)
 WHERE id = %(station)s
