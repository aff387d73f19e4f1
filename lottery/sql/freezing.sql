-- Freezing a pool.

-- name: enter
-- Stands in for the statement of the freeze.
SELECT 1;
