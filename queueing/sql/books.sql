-- What always holds in the line. Each query is one statement, so it sees one moment; it returns breaches, at most fifty.
-- Nothing here is taken over from the pass: places are counted anew, and verdicts are derived from who stood.

-- name: plan_by_hash
-- Every row is looked at: whatever the statistics say, or do not say yet, no table is gone through once for each row of
-- another.
SET LOCAL jit = off;
SET LOCAL enable_seqscan = on;
SET LOCAL enable_bitmapscan = on;
SET LOCAL enable_mergejoin = on;
SET LOCAL enable_nestloop = off;

-- name: unsold_registrations
-- Registrations whose card lies in no living lot of their program.
SELECT registration.id
  FROM queueing_registration AS registration
  LEFT JOIN cards_lot AS first_lot
    ON first_lot.id = registration.lot_id AND first_lot.ended_at IS NULL
   AND first_lot.program_id = registration.program_id AND first_lot.numbers @> registration.card_id
 WHERE first_lot.id IS NULL
   AND NOT EXISTS (SELECT FROM cards_lot AS lot
                    WHERE lot.numbers @> registration.card_id AND lot.ended_at IS NULL
                      AND lot.program_id = registration.program_id)
 LIMIT 50;

-- name: wrong_places
-- Places that are not the number of their registration in order of arrival.
SELECT program_id, place, turn FROM (
    SELECT place.program_id, place.place, registration.program_id AS own_program_id,
           row_number() OVER (PARTITION BY place.program_id ORDER BY registration.registered_at, registration.id)
               AS turn
      FROM queueing_place AS place
      LEFT JOIN queueing_registration AS registration ON registration.id = place.registration_id
) AS numbered
 WHERE place <> turn OR own_program_id IS DISTINCT FROM program_id
 ORDER BY program_id, place LIMIT 50;

-- name: wrong_heads
-- Lines whose count is not the places given, or before whose head somebody stands without a place.
SELECT line.program_id, line.placed, given.places, arrived.registrations
  FROM queueing_line AS line
 CROSS JOIN LATERAL (SELECT count(*) AS places FROM queueing_place AS place
                      WHERE place.program_id = line.program_id) AS given
 CROSS JOIN LATERAL (SELECT count(*) AS registrations FROM queueing_registration AS registration
                      WHERE registration.program_id = line.program_id
                        AND (registration.registered_at, registration.id) <= (line.head_at, line.head_id)) AS arrived
 WHERE line.placed <> given.places OR line.placed <> arrived.registrations
 LIMIT 50;

-- name: wrong_cycles
-- Cycles out of turn, of a wrong range, or closed before the one before; and full ones that are not closed.
SELECT program_id, number FROM (
    SELECT cycle.program_id, cycle.number, cycle.first_place, cycle.last_place, cycle.closed_at, program.cycle_size,
           program.state, line.placed,
           row_number() OVER (PARTITION BY cycle.program_id ORDER BY cycle.number) AS turn,
           lag(cycle.closed_at) OVER (PARTITION BY cycle.program_id ORDER BY cycle.number) AS closed_before
      FROM queueing_cycle AS cycle
      JOIN cards_program AS program ON program.id = cycle.program_id
      JOIN queueing_line AS line ON line.program_id = cycle.program_id
) AS numbered
 WHERE number <> turn OR first_place <> (number - 1) * cycle_size + 1 OR closed_at < closed_before
    OR last_place <> CASE WHEN state IN ('closed', 'settled') THEN least(number * cycle_size, placed)
                          ELSE number * cycle_size END
 UNION ALL
SELECT line.program_id, line.cycles_closed
  FROM queueing_line AS line
  JOIN cards_program AS program ON program.id = line.program_id
 CROSS JOIN LATERAL (SELECT count(*) AS closed FROM queueing_cycle AS cycle
                      WHERE cycle.program_id = line.program_id) AS counted
 WHERE line.cycles_closed <> counted.closed OR line.placed / program.cycle_size > counted.closed
 LIMIT 50;

-- name: wrong_counts
-- Cycles whose awards are not as many as the rule gives them, or whose row says otherwise.
WITH seat AS (
    SELECT cycle.program_id, cycle.number, place.place,
           coalesce(greatest(registration.withdrawn_at, registration.voided_at) > cycle.closed_at, true) AS stood,
           cash.source_id AS paid_in
      FROM queueing_place AS place
      JOIN cards_program AS program ON program.id = place.program_id
      JOIN queueing_cycle AS cycle
        ON cycle.program_id = place.program_id AND cycle.number = (place.place - 1) / program.cycle_size + 1
      JOIN queueing_registration AS registration ON registration.id = place.registration_id
      LEFT JOIN queueing_award AS cash
        ON cash.registration_id = place.registration_id AND cash.source = 'cycle' AND cash.kind = 'cash'
), seated AS (
    SELECT program_id, number, count(*) FILTER (WHERE stood) AS standing,
           count(*) FILTER (WHERE stood AND paid_in <= number) AS paid_by_then
      FROM seat GROUP BY 1, 2
), awarded AS (
    SELECT program_id, source_id AS number, count(*) FILTER (WHERE kind = 'cash') AS cash,
           count(*) FILTER (WHERE kind = 'gift') AS gifts
      FROM queueing_award WHERE source = 'cycle' GROUP BY 1, 2
), given_up AS (
    -- Whoever ended unpaid is no candidate from the first close on that came after both the place and the end.
    SELECT program_id, number, count(*) AS ended FROM (
        SELECT place.program_id, (
                   SELECT min(cycle.number) FROM queueing_cycle AS cycle
                    WHERE cycle.program_id = place.program_id AND cycle.last_place >= place.place
                      AND cycle.closed_at >= greatest(registration.withdrawn_at, registration.voided_at)) AS number
          FROM queueing_registration AS registration
          JOIN queueing_place AS place ON place.registration_id = registration.id
          JOIN cards_program AS program ON program.id = place.program_id AND program.rule = 'line'
         WHERE (registration.withdrawn_at IS NOT NULL OR registration.voided_at IS NOT NULL)
           AND NOT EXISTS (SELECT FROM queueing_award AS cash
                            WHERE cash.registration_id = registration.id AND cash.source = 'cycle'
                              AND cash.kind = 'cash')
    ) AS ending GROUP BY 1, 2
), due AS (
    SELECT cycle.program_id, cycle.number, program.rule, seated.standing, seated.paid_by_then,
           cycle.standing AS said_standing, cycle.cash_awards AS said_cash, cycle.gift_awards AS said_gifts,
           coalesce(awarded.cash, 0) AS cash, coalesce(awarded.gifts, 0) AS gifts,
           CASE WHEN cycle.last_place = cycle.number * program.cycle_size THEN program.payouts_per_cycle
                ELSE program.payouts_per_cycle * seated.standing / program.cycle_size END AS quota,
           CASE program.rule WHEN 'cohort' THEN seated.standing
                ELSE cycle.last_place - sum(coalesce(given_up.ended, 0)) OVER upto
                   - sum(coalesce(awarded.cash, 0)) OVER upto + coalesce(awarded.cash, 0) END AS candidates
      FROM queueing_cycle AS cycle
      JOIN cards_program AS program ON program.id = cycle.program_id
      LEFT JOIN seated USING (program_id, number)
      LEFT JOIN awarded USING (program_id, number)
      LEFT JOIN given_up USING (program_id, number)
    WINDOW upto AS (PARTITION BY cycle.program_id ORDER BY cycle.number)
)
SELECT program_id, number, least(quota, candidates) AS cash_due, cash,
       standing - CASE rule WHEN 'cohort' THEN least(quota, candidates) ELSE paid_by_then END AS gifts_due, gifts
  FROM due
 WHERE cash <> least(quota, candidates)
    OR gifts <> standing - CASE rule WHEN 'cohort' THEN least(quota, candidates) ELSE paid_by_then END
    OR (said_standing, said_cash, said_gifts) IS DISTINCT FROM (standing, cash, gifts)
 ORDER BY program_id, number LIMIT 50;

-- name: wrong_verdicts
-- Places of closed cycles whose verdict is not the one they were due; under `line` the gift, payouts see below.
SELECT program_id, place FROM (
    SELECT place.program_id, place.place, cycle.number, program.rule, seat.stood,
           program.face_value_minor, program.gift_cost_minor,
           cash.source_id AS cash_in, cash.amount_minor AS cash_minor, cash.place AS cash_place,
           gift.source_id AS gift_in, gift.amount_minor AS gift_minor, gift.place AS gift_place,
           count(*) FILTER (WHERE seat.stood) OVER (PARTITION BY cycle.id ORDER BY place.place) AS turn,
           CASE WHEN cycle.last_place = cycle.number * program.cycle_size THEN program.payouts_per_cycle
                ELSE program.payouts_per_cycle * count(*) FILTER (WHERE seat.stood) OVER (PARTITION BY cycle.id)
                     / program.cycle_size END AS quota
      FROM queueing_place AS place
      JOIN cards_program AS program ON program.id = place.program_id
      JOIN queueing_cycle AS cycle
        ON cycle.program_id = place.program_id AND cycle.number = (place.place - 1) / program.cycle_size + 1
      JOIN queueing_registration AS registration ON registration.id = place.registration_id
     CROSS JOIN LATERAL (
         SELECT coalesce(greatest(registration.withdrawn_at, registration.voided_at) > cycle.closed_at, true) AS stood
     ) AS seat
      LEFT JOIN queueing_award AS cash
        ON cash.registration_id = place.registration_id AND cash.source = 'cycle' AND cash.kind = 'cash'
      LEFT JOIN queueing_award AS gift
        ON gift.registration_id = place.registration_id AND gift.source = 'cycle' AND gift.kind = 'gift'
) AS verdict
 WHERE cash_minor <> face_value_minor OR gift_minor <> gift_cost_minor
    OR cash_place <> place OR gift_place <> place
    OR CASE rule
       WHEN 'cohort' THEN
           cash_in IS DISTINCT FROM (CASE WHEN stood AND turn <= quota THEN number END)
        OR gift_in IS DISTINCT FROM (CASE WHEN stood AND turn > quota THEN number END)
       ELSE gift_in IS DISTINCT FROM (CASE WHEN stood AND coalesce(cash_in, number + 1) > number THEN number END)
       END
 ORDER BY program_id, place LIMIT 50;

-- name: wrong_turns
-- Under `line`: payouts that overtook an earlier place, or that went to one who stood no more.
WITH seat AS (
    SELECT place.program_id, place.place, cash.source_id AS paid_in,
           greatest(registration.withdrawn_at, registration.voided_at) AS ended_at,
           -- The first cycle that paid this place or a later one: by its close this one was paid, or had ended.
           min(cash.source_id) OVER (PARTITION BY place.program_id ORDER BY place.place DESC
                                     ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS passed_in
      FROM queueing_place AS place
      JOIN cards_program AS program ON program.id = place.program_id AND program.rule = 'line'
      JOIN queueing_registration AS registration ON registration.id = place.registration_id
      LEFT JOIN queueing_award AS cash
        ON cash.registration_id = place.registration_id AND cash.source = 'cycle' AND cash.kind = 'cash'
)
SELECT seat.program_id, seat.place
  FROM seat
  JOIN queueing_cycle AS cycle ON cycle.program_id = seat.program_id AND cycle.number = seat.passed_in
 WHERE seat.place > cycle.last_place
    OR (seat.paid_in IS NULL AND coalesce(seat.ended_at > cycle.closed_at, true))
    OR (seat.paid_in IS NOT NULL AND (seat.paid_in <> seat.passed_in OR seat.ended_at <= cycle.closed_at))
 ORDER BY 1, 2 LIMIT 50;

-- name: stray_awards
-- Awards from cycles that were never closed.
SELECT award.id FROM queueing_award AS award
 WHERE award.source = 'cycle'
   AND NOT EXISTS (SELECT FROM queueing_cycle AS cycle
                    WHERE cycle.program_id = award.program_id AND cycle.number = award.source_id)
 LIMIT 50;

-- name: overdue_details
-- Details that are held past their time, with the eraser's minute.
SELECT registration_id FROM queueing_holderdetails
 WHERE erase_by < %(overdue)s OR contact_erase_by < %(overdue)s OR delivery_erase_by < %(overdue)s LIMIT 50;

-- name: purposeless_details
-- Details of somebody who does not stand, payees whose verdict in a cohort is a gift and who won nothing, and
-- deliveries to somebody who was awarded no gift.
SELECT details.registration_id
  FROM queueing_holderdetails AS details
  JOIN queueing_registration AS registration ON registration.id = details.registration_id
 WHERE registration.withdrawn_at IS NOT NULL OR registration.voided_at IS NOT NULL
 UNION ALL
SELECT details.registration_id
  FROM queueing_holderdetails AS details
  JOIN queueing_award AS gift
    ON gift.registration_id = details.registration_id AND gift.source = 'cycle' AND gift.kind = 'gift'
  JOIN cards_program AS program ON program.id = gift.program_id AND program.rule = 'cohort'
 WHERE details.payee IS NOT NULL
   AND NOT EXISTS (SELECT FROM queueing_award AS drawn
                    WHERE drawn.registration_id = details.registration_id AND drawn.source = 'draw')
 UNION ALL
SELECT details.registration_id
  FROM queueing_holderdetails AS details
 WHERE details.delivery IS NOT NULL
   AND NOT EXISTS (SELECT FROM queueing_award AS gift
                    WHERE gift.registration_id = details.registration_id AND gift.kind = 'gift')
 LIMIT 50;

-- name: unsigned_erasures
-- Erasures that the signer has not been round for.
SELECT id FROM queueing_erasure WHERE signature = '' AND at < %(signed_by)s LIMIT 50;

-- name: late_epochs
-- Epochs whose keys are there though erasures promised that they are not.
SELECT id FROM queueing_keyepoch
 WHERE destroyed_at IS NULL AND ends_at < %(promised)s OR destroyed_at IS NOT NULL AND id = ANY (%(keys)s)
 ORDER BY id LIMIT 50;

-- name: sealed_under
-- How many rows of details need the key of an epoch.
SELECT count(*) FROM queueing_holderdetails WHERE epoch_id = %(epoch)s;

-- name: holdings
-- What is held, by purpose: how many, how many past their time, and the latest time.
SELECT part, purpose, count(*), count(*) FILTER (WHERE until < %(overdue)s), max(until) FROM (
    SELECT 'payee' AS part,
           CASE WHEN EXISTS (SELECT FROM queueing_award AS award
                              WHERE award.registration_id = details.registration_id AND award.kind = 'cash')
                THEN 'payout' ELSE 'waiting' END AS purpose,
           details.erase_by AS until
      FROM queueing_holderdetails AS details WHERE details.payee IS NOT NULL
     UNION ALL
    SELECT 'contact', CASE WHEN details.contact_erase_by IS NULL THEN 'notices' ELSE 'last_notice' END,
           least(details.contact_erase_by, details.erase_by)
      FROM queueing_holderdetails AS details WHERE details.contact IS NOT NULL
     UNION ALL
    SELECT 'delivery', 'gift', details.delivery_erase_by
      FROM queueing_holderdetails AS details WHERE details.delivery IS NOT NULL
) AS held GROUP BY 1, 2 ORDER BY 1 DESC, 2 DESC;
