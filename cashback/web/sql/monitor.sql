-- name: lines
-- Each line, and whoever waits for a place in it the longest.
SELECT line.program_id, line.placed, line.cycles_closed, line.cut_at, line.settled_at, waiting.since, waiting.number
  FROM queueing_line AS line
 CROSS JOIN LATERAL (
     SELECT min(registered_at) AS since, count(*) AS number
       FROM (
           SELECT registration.registered_at FROM queueing_registration AS registration
            WHERE registration.program_id = line.program_id
              AND (registration.registered_at, registration.id) > (line.head_at, line.head_id)
            ORDER BY registration.registered_at, registration.id LIMIT %(most)s
       ) AS unplaced
 ) AS waiting
 WHERE line.program_id = ANY (%(programs)s::bigint[]);

-- name: pending_states
-- The register PENDING by program and state, with the oldest of each.
SELECT program_id, state, count(*), sum(amount_minor)::bigint, min(since)
  FROM payouts_pendingpayout WHERE program_id = ANY (%(programs)s::bigint[]) GROUP BY program_id, state;

-- name: cancelled
-- Cash awards of a program that will not be paid, counted as far as a page can say.
SELECT count(*), COALESCE(sum(amount_minor), 0)::bigint
  FROM (SELECT amount_minor FROM payouts_cancelledpayout WHERE program_id = %(program)s LIMIT %(most)s) AS row;

-- name: lots
-- The register SOLD: living lots of a program.
SELECT count(*) FROM cards_lot WHERE program_id = %(program)s AND ended_at IS NULL;

-- name: places_at
-- How many places a line had at each moment: the place of the last registration before it. Counts nothing.
SELECT moment,
       CASE WHEN moment >= line.head_at THEN line.placed
            ELSE COALESCE((
                SELECT place.place FROM queueing_place AS place
                 WHERE place.registration_id = (
                     SELECT registration.id FROM queueing_registration AS registration
                      WHERE registration.program_id = line.program_id AND registration.registered_at <= moment
                      ORDER BY registration.registered_at DESC, registration.id DESC LIMIT 1)), 0)
       END AS placed
  FROM queueing_line AS line
 CROSS JOIN generate_series(%(since)s::timestamptz, %(until)s::timestamptz, %(step)s) AS moment
 WHERE line.program_id = %(program)s
 ORDER BY moment;

-- name: refunds_by_step
-- When the newest refunds were confirmed, by steps before now; bounded, for no index orders refunds by time.
SELECT floor(extract(epoch FROM %(until)s::timestamptz - refunded_at) / %(seconds)s)::int AS ago, count(*)
  FROM (
      SELECT refunded_at FROM payouts_refund
       WHERE program_id = %(program)s ORDER BY award_id DESC LIMIT %(most)s
  ) AS newest
 WHERE refunded_at > %(since)s AND refunded_at <= %(until)s GROUP BY ago;

-- name: erasures
-- Erasures of the last day among the newest, those not signed yet, and details held past their date.
SELECT (SELECT count(*) FROM (SELECT at FROM queueing_erasure ORDER BY id DESC LIMIT %(most)s) AS newest
         WHERE at > %(since)s) AS last_day,
       (SELECT count(*) FROM (SELECT 1 FROM queueing_erasure WHERE signature = '' LIMIT %(most)s) AS row) AS unsigned,
       (SELECT count(*) FROM (SELECT 1 FROM queueing_holderdetails WHERE erase_by < %(now)s LIMIT %(most)s) AS row)
       + (SELECT count(*) FROM (SELECT 1 FROM queueing_holderdetails
                                 WHERE contact_erase_by < %(now)s LIMIT %(most)s) AS row)
       + (SELECT count(*) FROM (SELECT 1 FROM queueing_holderdetails
                                 WHERE delivery_erase_by < %(now)s LIMIT %(most)s) AS row) AS overdue,
       (SELECT least(min(erase_by), min(delivery_erase_by)) FROM queueing_holderdetails) AS next_due;
