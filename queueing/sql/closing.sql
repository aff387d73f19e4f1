-- name: due
-- Published programs whose date has come, and closed ones whose line is not settled to its end.
SELECT program.id, program.code
  FROM cards_program AS program
  LEFT JOIN queueing_line AS line ON line.program_id = program.id
 WHERE program.state = 'published' AND program.closes_on <= %(today)s
    OR program.state = 'closed' AND (
           line.placed > line.cycles_closed * program.cycle_size
        OR program.rule = 'line' AND line.paid_through < line.placed
        OR EXISTS (SELECT FROM queueing_registration AS registration
                    WHERE registration.program_id = program.id
                      AND (registration.registered_at, registration.id) > (line.head_at, line.head_id)))
 ORDER BY program.id;
