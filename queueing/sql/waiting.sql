-- name: waiting
-- Who stands and waits for a verdict: without a place, or with one that the line has not come to. Under `line` it comes
-- to a place by paying it, and to all of them when the program has closed.
SELECT registration.id AS registration_id, registration.program_id
  FROM queueing_registration AS registration
  JOIN cards_program AS program ON program.id = registration.program_id
  LEFT JOIN queueing_line AS line ON line.program_id = registration.program_id
  LEFT JOIN queueing_place AS place ON place.registration_id = registration.id
 WHERE registration.id = ANY (%(registrations)s)
   AND registration.withdrawn_at IS NULL AND registration.voided_at IS NULL
   AND (place.place IS NULL
        OR place.place > CASE program.rule WHEN 'line' THEN line.paid_through
                                           ELSE line.cycles_closed * program.cycle_size END);

-- name: keep_for_verdict
-- From now on the verdict decides.
UPDATE queueing_holderdetails SET kept_for_verdict = TRUE
 WHERE registration_id IN (SELECT registration_id FROM queueing_holderdetails
                            WHERE registration_id = ANY (%(registrations)s) AND payee IS NOT NULL
                            ORDER BY registration_id FOR UPDATE);

-- name: keep_for_payment
-- From now on a payment needs it too.
UPDATE queueing_holderdetails SET kept_for_verdict = FALSE
 WHERE registration_id = ANY (%(registrations)s) AND kept_for_verdict;
