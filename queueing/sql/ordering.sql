-- The pass over a program's line. All of it but `move_cut` runs under the line's SETTLING lock.
-- `standing` means neither withdrawn nor void; both verbs take that lock shared, so they come before a close or after it.

-- name: anything_after_the_cut
-- Whether somebody has registered since the cut; without a lock, so it may be a tick late and never wrong.
SELECT max(registration.registered_at) > (SELECT line.cut_at FROM queueing_line AS line
                                          WHERE line.program_id = %(program)s)
  FROM queueing_registration AS registration
 WHERE registration.program_id = %(program)s;

-- name: move_cut
-- Nothing at or before the cut can still arrive: whoever registers holds the LINE lock shared and takes a later time.
-- A clock that stepped back leaves registrations in the future; the cut covers those that are there.
UPDATE queueing_line AS line
   SET cut_at = greatest(line.cut_at, clock_timestamp(), (
           SELECT max(registration.registered_at) FROM queueing_registration AS registration
            WHERE registration.program_id = %(program)s))
 WHERE line.program_id = %(program)s;

-- name: plan_by_index
-- The tables grow faster than their statistics: whatever those say, the pass reads on by index from where it stands.
-- And compiling its statements takes longer than running them.
SET LOCAL jit = off;
SET LOCAL enable_seqscan = off;
SET LOCAL enable_bitmapscan = off;
SET LOCAL enable_mergejoin = off;
SET LOCAL random_page_cost = 1.1;

-- name: read_line
-- How far the line is, and the program's rule.
SELECT line.cut_at, line.head_at, line.head_id, line.placed, line.cycles_closed, line.paid_through, line.settled_at,
       program.cycle_size, program.payouts_per_cycle, program.rule, program.face_value_minor, program.gift_cost_minor,
       program.contact_hold_seconds
  FROM queueing_line AS line
  JOIN cards_program AS program ON program.id = line.program_id
 WHERE line.program_id = %(program)s;

-- name: read_position
-- The registration at a place: where to read on from.
SELECT registration.registered_at, registration.id
  FROM queueing_place AS place
  JOIN queueing_registration AS registration ON registration.id = place.registration_id
 WHERE place.program_id = %(program)s AND place.place = %(place)s;

-- name: give_places
-- The next places, in the order of (registered_at, id), to whoever registered at or before the cut.
WITH arrived AS MATERIALIZED (
    SELECT registration.id, registration.registered_at,
           row_number() OVER (ORDER BY registration.registered_at, registration.id) AS turn
      FROM queueing_registration AS registration
     WHERE registration.program_id = %(program)s
       AND (registration.registered_at, registration.id) > (%(head_at)s, %(head_id)s)
       AND registration.registered_at <= %(cut_at)s
     ORDER BY registration.registered_at, registration.id
     LIMIT %(limit)s
), placed AS (
    INSERT INTO queueing_place (registration_id, program_id, place)
    SELECT id, %(program)s, %(placed)s + turn FROM arrived ORDER BY turn
)
SELECT turn, registered_at, id FROM arrived ORDER BY turn DESC LIMIT 1;

-- name: anybody_before_the_cut
-- Whether anybody is left to be given a place.
SELECT EXISTS (
    SELECT FROM queueing_registration AS registration
     WHERE registration.program_id = %(program)s
       AND (registration.registered_at, registration.id) > (%(head_at)s, %(head_id)s)
       AND registration.registered_at <= %(cut_at)s
);

-- name: close_cohort_cycles
-- Close the cycles through a place: the lowest standing places of each are paid, its other standing ones get a gift.
-- Only the last cycle of a closing program is not full; it pays its share, rounded down.
WITH seated AS MATERIALIZED (
    SELECT registration.id,
           %(closed)s + row_number() OVER (ORDER BY registration.registered_at, registration.id) AS place,
           registration.withdrawn_at IS NULL AND registration.voided_at IS NULL AS standing,
           greatest(registration.withdrawn_at, registration.voided_at) AS ended_at
      FROM queueing_registration AS registration
     WHERE registration.program_id = %(program)s
       AND (registration.registered_at, registration.id) > (%(seated_after_at)s, %(seated_after_id)s)
     ORDER BY registration.registered_at, registration.id
     LIMIT %(through)s - %(closed)s
), moment AS MATERIALIZED (
    SELECT greatest(clock_timestamp(), %(settled_at)s + interval '1 microsecond', max(ended_at)) AS closed_at FROM seated
), cycle AS MATERIALIZED (
    SELECT (place - 1) / %(size)s + 1 AS number, min(place) AS first_place, max(place) AS last_place,
           count(*) FILTER (WHERE standing) AS standing,
           CASE WHEN count(*) = %(size)s THEN %(payouts)s
                ELSE %(payouts)s * count(*) FILTER (WHERE standing) / %(size)s END AS quota
      FROM seated GROUP BY 1
), closed AS (
    INSERT INTO queueing_cycle (program_id, number, first_place, last_place, standing, candidates, cash_awards,
                                gift_awards, closed_at)
    SELECT %(program)s, number, first_place, last_place, standing, standing, least(quota, standing),
           standing - least(quota, standing), closed_at
      FROM cycle, moment ORDER BY number
), verdict AS MATERIALIZED (
    SELECT id, place, number,
           CASE WHEN row_number() OVER (PARTITION BY number ORDER BY place) <= quota THEN 'cash' ELSE 'gift' END AS kind
      FROM seated JOIN cycle ON number = (place - 1) / %(size)s + 1
     WHERE seated.standing
), awarded AS (
    INSERT INTO queueing_award (registration_id, program_id, source, source_id, place, kind, amount_minor, awarded_at)
    SELECT id, %(program)s, 'cycle', number, place, kind,
           CASE kind WHEN 'cash' THEN %(face_value_minor)s ELSE %(gift_cost_minor)s END, closed_at
      FROM verdict, moment ORDER BY place
)
SELECT (SELECT closed_at FROM moment) AS closed_at, count(*) AS cycles,
       sum(least(quota, standing))::bigint AS cash_awards,
       sum(standing - least(quota, standing))::bigint AS gift_awards,
       %(paid_through)s AS paid_through
  FROM cycle;

-- name: close_line_cycles
-- Close the cycles through a place: at each close the lowest standing unpaid places of the whole program are paid, and
-- each standing one of the cycle that is not paid by then gets its gift and stays in line.
-- With S(i) standing unpaid places up to the end of cycle i, and payouts Q(i) up to cycle i, all counted from the place
-- the last payout reached, P(j) = Q(j) + min(0, S(i) - Q(i) for i <= j) are paid by the close of cycle j.
WITH seated AS MATERIALIZED (
    SELECT registration.id,
           %(closed)s + row_number() OVER (ORDER BY registration.registered_at, registration.id) AS place,
           registration.withdrawn_at IS NULL AND registration.voided_at IS NULL AS standing,
           greatest(registration.withdrawn_at, registration.voided_at) AS ended_at
      FROM queueing_registration AS registration
     WHERE registration.program_id = %(program)s
       AND (registration.registered_at, registration.id) > (%(seated_after_at)s, %(seated_after_id)s)
     ORDER BY registration.registered_at, registration.id
     LIMIT %(through)s - %(closed)s
), cycle AS MATERIALIZED (
    SELECT (place - 1) / %(size)s + 1 AS number, min(place) AS first_place, max(place) AS last_place,
           count(*) FILTER (WHERE standing) AS standing,
           CASE WHEN count(*) = %(size)s THEN %(payouts)s
                ELSE %(payouts)s * count(*) FILTER (WHERE standing) / %(size)s END AS quota
      FROM seated GROUP BY 1
), candidate AS MATERIALIZED (
    SELECT id, registered_at, place, row_number() OVER (ORDER BY registered_at, id) AS turn
      FROM (
          SELECT id, registered_at, place FROM (
              SELECT registration.id, registration.registered_at,
                     %(paid_through)s + row_number() OVER (ORDER BY registration.registered_at, registration.id)
                         AS place,
                     registration.withdrawn_at IS NULL AND registration.voided_at IS NULL AS standing
                FROM queueing_registration AS registration
               WHERE registration.program_id = %(program)s
                 AND (registration.registered_at, registration.id) > (%(paid_at)s, %(paid_id)s)
               ORDER BY registration.registered_at, registration.id
               LIMIT %(through)s - %(paid_through)s
          ) AS waiting
           WHERE standing ORDER BY registered_at, id LIMIT (SELECT sum(quota)::bigint FROM cycle)
      ) AS lowest
), passed_by AS (
    SELECT max(greatest(registration.withdrawn_at, registration.voided_at)) AS ended_at
      FROM queueing_registration AS registration
     WHERE registration.program_id = %(program)s
       AND (registration.registered_at, registration.id) > (%(paid_at)s, %(paid_id)s)
       AND registration.registered_at <= (
           SELECT CASE WHEN count(*) < (SELECT sum(quota) FROM cycle) THEN %(head_at)s
                       ELSE max(registered_at) END FROM candidate)
), moment AS MATERIALIZED (
    SELECT greatest(clock_timestamp(), %(settled_at)s + interval '1 microsecond', (SELECT max(ended_at) FROM seated),
                    (SELECT ended_at FROM passed_by)) AS closed_at
), joining AS (
    SELECT greatest((place - 1) / %(size)s + 1, %(first)s) AS number, count(*) AS candidates FROM candidate GROUP BY 1
), supply AS (
    SELECT cycle.*, sum(quota) OVER in_turn AS asked, sum(coalesce(candidates, 0)) OVER in_turn AS at_hand
      FROM cycle LEFT JOIN joining USING (number)
    WINDOW in_turn AS (ORDER BY number)
), paid_by AS (
    SELECT *, (asked + least(0, min(at_hand - asked) OVER (ORDER BY number)))::bigint AS paid FROM supply
), payday AS MATERIALIZED (
    SELECT *, coalesce(lag(paid) OVER (ORDER BY number), 0) AS paid_before FROM paid_by
), cash AS MATERIALIZED (
    -- Each candidate is paid by the first cycle whose payouts reach its turn.
    SELECT id, place, number FROM (
        SELECT id, place, min(number) OVER (ORDER BY turn DESC, id NULLS FIRST
                                            ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS number
          FROM (SELECT id, place, turn, NULL::bigint AS number FROM candidate
                 UNION ALL
                SELECT NULL, NULL, paid, number FROM payday) AS served
    ) AS reached
     WHERE id IS NOT NULL AND number IS NOT NULL
), gift AS MATERIALIZED (
    SELECT seated.id, seated.place, payday.number
      FROM seated JOIN payday ON payday.number = (seated.place - 1) / %(size)s + 1
      LEFT JOIN cash ON cash.id = seated.id AND cash.number <= payday.number
     WHERE seated.standing AND cash.id IS NULL
), awarded AS (
    INSERT INTO queueing_award (registration_id, program_id, source, source_id, place, kind, amount_minor, awarded_at)
    SELECT verdict.id, %(program)s, 'cycle', verdict.number, verdict.place, verdict.kind, verdict.amount_minor,
           moment.closed_at
      FROM (SELECT id, number, place, 'cash' AS kind, %(face_value_minor)s AS amount_minor FROM cash
             UNION ALL
            SELECT id, number, place, 'gift', %(gift_cost_minor)s FROM gift) AS verdict, moment
     ORDER BY verdict.number, verdict.place
), closed AS (
    INSERT INTO queueing_cycle (program_id, number, first_place, last_place, standing, candidates, cash_awards,
                                gift_awards, closed_at)
    SELECT %(program)s, number, first_place, last_place, standing, paid - paid_before, paid - paid_before,
           coalesce(gifts, 0), closed_at
      FROM payday LEFT JOIN (SELECT number, count(*) AS gifts FROM gift GROUP BY 1) AS given USING (number), moment
     ORDER BY number
)
SELECT (SELECT closed_at FROM moment) AS closed_at, (SELECT count(*) FROM cycle) AS cycles,
       (SELECT count(*) FROM cash) AS cash_awards, (SELECT count(*) FROM gift) AS gift_awards,
       coalesce((SELECT max(place) FROM cash), %(paid_through)s) AS paid_through;

-- name: move_head
-- The line moves on: the last thing before the commit, so that the cut never waits for a chunk.
UPDATE queueing_line
   SET head_at = %(head_at)s, head_id = %(head_id)s, placed = %(placed)s, cycles_closed = %(cycles_closed)s,
       paid_through = %(paid_through)s, settled_at = %(settled_at)s
 WHERE program_id = %(program)s;
