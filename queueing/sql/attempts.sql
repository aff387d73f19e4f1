-- name: count
-- Count one attempt for each key, in one order for everybody; far over the limit there is nothing left to count.
WITH asked AS (
    SELECT asked.key, asked.allowed
      FROM unnest(%(keys)s::bytea[], %(limits)s::int[]) AS asked (key, allowed)
), counted AS (
    INSERT INTO queueing_attemptcounter AS counter (key, "window", attempts)
    SELECT asked.key, %(window)s, 1 FROM asked ORDER BY asked.key
    ON CONFLICT ("window", key) DO UPDATE
       SET attempts = least(
           counter.attempts + 1, (SELECT asked.allowed + 1 FROM asked WHERE asked.key = counter.key))
    RETURNING counter.key, counter.attempts
)
SELECT counted.key, counted.attempts, coalesce(earlier.attempts, 0) AS attempts_before
  FROM counted
  LEFT JOIN queueing_attemptcounter AS earlier
    ON earlier."window" = %(window)s - 1 AND earlier.key = counted.key

-- name: sweep
-- Forget past minutes.
DELETE FROM queueing_attemptcounter WHERE "window" < %(before)s
