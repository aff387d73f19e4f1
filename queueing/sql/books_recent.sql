-- What has come into a line since the books were checked last. A mark is a place or a cycle: up to it everything was
-- looked at. Each query looks at a bounded piece after the mark, by index, in one moment; the whole rules are in
-- books.sql.

-- name: lines_to_check
-- The lines, with what bounds a check of each.
SELECT line.program_id, line.placed, line.cycles_closed, program.cycle_size
  FROM queueing_line AS line JOIN cards_program AS program ON program.id = line.program_id
 ORDER BY line.program_id;

-- name: arrivals_since
-- The registrations after the mark's, in order of arrival: how many were looked at, up to where places were given by
-- that moment, and the turns at which somebody else has the place, or nobody.
WITH line AS (
    SELECT head_at, head_id, placed FROM queueing_line WHERE program_id = %(program)s
), mark AS (
    SELECT coalesce(max(registration.registered_at), '-infinity') AS registered_at, coalesce(max(registration.id), 0) AS id
      FROM queueing_place AS place JOIN queueing_registration AS registration ON registration.id = place.registration_id
     WHERE place.program_id = %(program)s AND place.place = %(since)s
), piece AS MATERIALIZED (
    SELECT registration.id, registration.registered_at
      FROM queueing_registration AS registration, line, mark
     WHERE registration.program_id = %(program)s
       AND (registration.registered_at, registration.id) > (mark.registered_at, mark.id)
       AND (registration.registered_at, registration.id) <= (line.head_at, line.head_id)
     ORDER BY registration.registered_at, registration.id LIMIT %(most)s
), arrived AS (
    SELECT id, %(since)s + row_number() OVER (ORDER BY registered_at, id) AS turn FROM piece
)
SELECT count(arrived.id), (SELECT placed FROM line),
       (SELECT count(*) FROM (SELECT FROM queueing_place AS place, line
                               WHERE place.program_id = %(program)s AND place.place > line.placed LIMIT 50) AS beyond),
       (array_agg(arrived.turn ORDER BY arrived.turn)
            FILTER (WHERE place.place IS DISTINCT FROM arrived.turn OR place.program_id <> %(program)s))[1:50]
  FROM arrived LEFT JOIN queueing_place AS place ON place.registration_id = arrived.id;

-- name: unsold_since
-- Registrations with a place after the mark whose card lies in no living lot of their program.
SELECT registration.id
  FROM queueing_place AS place
  JOIN queueing_registration AS registration ON registration.id = place.registration_id
  LEFT JOIN cards_lot AS first_lot
    ON first_lot.id = registration.lot_id AND first_lot.ended_at IS NULL
   AND first_lot.program_id = registration.program_id AND first_lot.numbers @> registration.card_id
 WHERE place.program_id = %(program)s AND place.place > %(since)s AND place.place <= %(through)s
   AND first_lot.id IS NULL
   AND NOT EXISTS (SELECT FROM cards_lot AS lot
                    WHERE lot.numbers @> registration.card_id AND lot.ended_at IS NULL
                      AND lot.program_id = registration.program_id)
 LIMIT 50;

-- name: left_behind
-- Registrations of cards in lots that ended of late and that no living lot of the program took over.
SELECT registration.id FROM (
    SELECT lot.program_id, unnest(int8multirange(lot.numbers) - coalesce((
               SELECT range_agg(living.numbers) FROM cards_lot AS living
                WHERE living.program_id = lot.program_id AND living.ended_at IS NULL
                  AND living.numbers && lot.numbers), '{}'::int8multirange)) AS numbers
      FROM cards_lot AS lot WHERE lot.ended_at > %(ended_since)s
) AS freed
  JOIN queueing_registration AS registration
    ON registration.card_id >= lower(freed.numbers) AND registration.card_id < upper(freed.numbers)
 LIMIT 50;

-- name: strays_beyond
-- Awards from cycles after the last one that is closed.
SELECT award.id FROM queueing_award AS award
 WHERE award.program_id = %(program)s AND award.source = 'cycle' AND award.source_id > %(closed)s LIMIT 50;

-- name: counts_since
-- Cycles after the mark whose awards are not as many as the rule gives them, or whose row says otherwise. Under `line`
-- the candidates are taken from the cycle's row; the whole check counts them anew.
WITH seat AS (
    SELECT cycle.number,
           coalesce(greatest(registration.withdrawn_at, registration.voided_at) > cycle.closed_at, true) AS stood,
           cash.source_id AS paid_in
      FROM queueing_place AS place
      JOIN queueing_cycle AS cycle
        ON cycle.program_id = %(program)s AND cycle.number = (place.place - 1) / %(size)s + 1
      JOIN queueing_registration AS registration ON registration.id = place.registration_id
      LEFT JOIN queueing_award AS cash
        ON cash.registration_id = place.registration_id AND cash.source = 'cycle' AND cash.kind = 'cash'
       AND cash.program_id = %(program)s AND cash.source_id > %(since)s
     WHERE place.program_id = %(program)s
       AND place.place > %(since)s * %(size)s::bigint AND place.place <= %(through)s * %(size)s::bigint
), seated AS (
    SELECT number, count(*) FILTER (WHERE stood) AS standing,
           count(*) FILTER (WHERE stood AND paid_in <= number) AS paid_by_then
      FROM seat GROUP BY number
), awarded AS (
    SELECT source_id AS number, count(*) FILTER (WHERE kind = 'cash') AS cash,
           count(*) FILTER (WHERE kind = 'gift') AS gifts
      FROM queueing_award
     WHERE program_id = %(program)s AND source = 'cycle' AND source_id > %(since)s AND source_id <= %(through)s
     GROUP BY source_id
), due AS (
    SELECT cycle.number, program.rule, seated.standing, seated.paid_by_then, cycle.standing AS said_standing,
           cycle.cash_awards AS said_cash, cycle.gift_awards AS said_gifts, coalesce(awarded.cash, 0) AS cash,
           coalesce(awarded.gifts, 0) AS gifts,
           least(CASE WHEN cycle.last_place = cycle.number * program.cycle_size THEN program.payouts_per_cycle
                      ELSE program.payouts_per_cycle * seated.standing / program.cycle_size END,
                 CASE program.rule WHEN 'cohort' THEN seated.standing ELSE cycle.candidates END) AS cash_due
      FROM queueing_cycle AS cycle
      JOIN cards_program AS program ON program.id = cycle.program_id
      LEFT JOIN seated USING (number)
      LEFT JOIN awarded USING (number)
     WHERE cycle.program_id = %(program)s AND cycle.number > %(since)s AND cycle.number <= %(through)s
)
SELECT number, cash_due, cash, standing - CASE rule WHEN 'cohort' THEN cash_due ELSE paid_by_then END AS gifts_due, gifts
  FROM due
 WHERE cash <> cash_due OR gifts <> standing - CASE rule WHEN 'cohort' THEN cash_due ELSE paid_by_then END
    OR (said_standing, said_cash, said_gifts) IS DISTINCT FROM (standing, cash, gifts)
 ORDER BY number LIMIT 50;

-- name: verdicts_since
-- Places of cycles after the mark whose verdict is not the one they were due; under `line` the gift.
SELECT place FROM (
    SELECT place.place, cycle.number, program.rule, seat.stood, program.face_value_minor, program.gift_cost_minor,
           cash.source_id AS cash_in, cash.amount_minor AS cash_minor, cash.place AS cash_place,
           gift.source_id AS gift_in, gift.amount_minor AS gift_minor, gift.place AS gift_place,
           count(*) FILTER (WHERE seat.stood) OVER (PARTITION BY cycle.id ORDER BY place.place) AS turn,
           CASE WHEN cycle.last_place = cycle.number * program.cycle_size THEN program.payouts_per_cycle
                ELSE program.payouts_per_cycle * count(*) FILTER (WHERE seat.stood) OVER (PARTITION BY cycle.id)
                     / program.cycle_size END AS quota
      FROM queueing_place AS place
      JOIN queueing_cycle AS cycle
        ON cycle.program_id = %(program)s AND cycle.number = (place.place - 1) / %(size)s + 1
      JOIN cards_program AS program ON program.id = cycle.program_id
      JOIN queueing_registration AS registration ON registration.id = place.registration_id
     CROSS JOIN LATERAL (
         SELECT coalesce(greatest(registration.withdrawn_at, registration.voided_at) > cycle.closed_at, true) AS stood
     ) AS seat
      LEFT JOIN queueing_award AS cash
        ON cash.registration_id = place.registration_id AND cash.source = 'cycle' AND cash.kind = 'cash'
       AND cash.program_id = %(program)s AND cash.source_id > %(since)s
      LEFT JOIN queueing_award AS gift
        ON gift.registration_id = place.registration_id AND gift.source = 'cycle' AND gift.kind = 'gift'
       AND gift.program_id = %(program)s AND gift.source_id > %(since)s AND gift.source_id <= %(through)s
     WHERE place.program_id = %(program)s
       AND place.place > %(since)s * %(size)s::bigint AND place.place <= %(through)s * %(size)s::bigint
) AS verdict
 WHERE cash_minor <> face_value_minor OR gift_minor <> gift_cost_minor
    OR cash_place <> place OR gift_place <> place
    OR CASE rule
       WHEN 'cohort' THEN
           cash_in IS DISTINCT FROM (CASE WHEN stood AND turn <= quota THEN number END)
        OR gift_in IS DISTINCT FROM (CASE WHEN stood AND turn > quota THEN number END)
       ELSE gift_in IS DISTINCT FROM (CASE WHEN stood AND coalesce(cash_in, number + 1) > number THEN number END)
       END
 ORDER BY place LIMIT 50;

-- name: turns_since
-- Under `line`: payouts of cycles after the mark that overtook an earlier place, or that went to one who stood no more.
-- Payouts go up the line, so nothing lies before the last one up to the mark.
WITH bounds AS (
    SELECT coalesce((SELECT place FROM queueing_award
                      WHERE program_id = %(program)s AND source = 'cycle' AND kind = 'cash' AND source_id <= %(since)s
                      ORDER BY source_id DESC, place DESC LIMIT 1), 0) AS low,
           coalesce((SELECT max(place) FROM queueing_award
                      WHERE program_id = %(program)s AND source = 'cycle' AND kind = 'cash'
                        AND source_id > %(since)s AND source_id <= %(through)s), 0) AS high
      FROM cards_program WHERE id = %(program)s AND rule = 'line'
), seat AS (
    SELECT place.place, cash.source_id AS paid_in,
           greatest(registration.withdrawn_at, registration.voided_at) AS ended_at,
           min(cash.source_id) OVER (ORDER BY place.place DESC ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
               AS passed_in
      FROM bounds
      JOIN queueing_place AS place
        ON place.program_id = %(program)s AND place.place > bounds.low AND place.place <= bounds.high
      JOIN queueing_registration AS registration ON registration.id = place.registration_id
      LEFT JOIN queueing_award AS cash
        ON cash.registration_id = place.registration_id AND cash.source = 'cycle' AND cash.kind = 'cash'
       AND cash.source_id <= %(through)s
)
SELECT seat.place
  FROM seat
  JOIN queueing_cycle AS cycle ON cycle.program_id = %(program)s AND cycle.number = seat.passed_in
 WHERE seat.place > cycle.last_place
    OR (seat.paid_in IS NULL AND coalesce(seat.ended_at > cycle.closed_at, true))
    OR (seat.paid_in IS NOT NULL AND (seat.paid_in <> seat.passed_in OR seat.ended_at <= cycle.closed_at))
 UNION
SELECT award.place FROM bounds
  JOIN queueing_award AS award
    ON award.program_id = %(program)s AND award.source = 'cycle' AND award.kind = 'cash'
   AND award.source_id > %(since)s AND award.source_id <= %(through)s AND award.place <= bounds.low
 ORDER BY 1 LIMIT 50;
