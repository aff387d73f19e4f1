-- name: award_states
-- A registration's awards with where each stands: in a register, among the gifts, or not collected yet. That a payee
-- is over the limit is told to the organizer, never to whoever registered.
SELECT award.id, award.source, award.kind, award.amount_minor,
       COALESCE(pending.state, CASE WHEN refund.award_id IS NOT NULL THEN 'refunded' END, cancelled.state, gift.state,
                CASE award.kind WHEN 'cash' THEN 'due' ELSE 'owed' END) AS state,
       COALESCE(NULLIF(pending.reason, 'payee_limit'), cancelled.reason, '') AS reason,
       COALESCE(pending.since, refund.refunded_at, cancelled.cancelled_at, gift.since, award.awarded_at) AS since,
       COALESCE(pending.state = 'details_needed' AND details.payee_key IS NOT NULL
                AND details.version > pending.details_version, FALSE) AS details_given
  FROM queueing_award AS award
  LEFT JOIN payouts_pendingpayout AS pending ON pending.award_id = award.id
  LEFT JOIN payouts_refund AS refund ON refund.award_id = award.id
  LEFT JOIN payouts_cancelledpayout AS cancelled ON cancelled.award_id = award.id
  LEFT JOIN payouts_gift AS gift ON gift.award_id = award.id
  LEFT JOIN queueing_holderdetails AS details ON details.registration_id = award.registration_id
 WHERE award.registration_id = %(registration)s
 ORDER BY award.awarded_at, award.id;

-- name: attempt_events
-- What a registration's attempts add to its timeline.
SELECT 'payment_sent', attempt.sent_at
  FROM payouts_attempt AS attempt JOIN queueing_award AS award ON award.id = attempt.award_id
 WHERE award.registration_id = %(registration)s AND award.kind = 'cash'
 UNION ALL
SELECT 'payment_refused', attempt.answered_at
  FROM payouts_attempt AS attempt JOIN queueing_award AS award ON award.id = attempt.award_id
 WHERE award.registration_id = %(registration)s AND award.kind = 'cash' AND attempt.state = 'refused'
   AND attempt.answered_at IS NOT NULL
 UNION ALL
SELECT 'refunded', refund.refunded_at
  FROM payouts_refund AS refund JOIN queueing_award AS award ON award.id = refund.award_id
 WHERE award.registration_id = %(registration)s AND award.kind = 'cash';

-- name: program_numbers
-- A program's public figures in one snapshot, from cursors, tallies and balances; only what no cursor has passed yet
-- is counted row by row.
SELECT program.id, program.code, program.name, program.currency, program.face_value_minor, program.gift_cost_minor,
       program.cycle_size, program.payouts_per_cycle, program.rule, program.state,
       (SELECT COALESCE(sum(lot.last_number - lot.first_number + 1), 0)::bigint FROM cards_lot AS lot
         WHERE lot.program_id = program.id AND lot.ended_at IS NULL) AS sold,
       COALESCE(line.placed, 0) + (
           SELECT count(*) FROM queueing_registration AS registration
            WHERE registration.program_id = program.id
              AND (registration.registered_at, registration.id) > (line.head_at, line.head_id)) AS registered,
       COALESCE(line.placed, 0) AS placed, COALESCE(line.cycles_closed, 0) AS cycles_closed,
       COALESCE((SELECT cycle.last_place FROM queueing_cycle AS cycle
                  WHERE cycle.program_id = program.id AND cycle.number = line.cycles_closed), 0) AS settled_through,
       COALESCE(collection.cash_awards, 0) AS cash_collected, COALESCE(collection.gift_awards, 0) AS gift_collected,
       fresh.cash AS cash_uncollected, fresh.gift AS gift_uncollected,
       (SELECT count(*) FROM queueing_award AS award
         WHERE award.program_id = program.id AND award.source = 'draw' AND award.kind = 'cash') AS draw_awards,
       COALESCE(tally.pending, 0) AS pending, COALESCE(tally.refunded, 0) AS refunded,
       COALESCE(tally.refunded_minor, 0) AS refunded_minor, COALESCE(tally.gifts_owed, 0) AS gifts_owed,
       COALESCE((SELECT sum(account.balance_minor) FROM ledger_account AS account
                  WHERE account.program = program.id AND account.currency = program.currency
                    AND account.kind IN ('cash_reserve', 'gift_reserve')), 0)::bigint AS reserves_minor
  FROM cards_program AS program
  LEFT JOIN queueing_line AS line ON line.program_id = program.id
  LEFT JOIN payouts_collection AS collection ON collection.program_id = program.id
  LEFT JOIN payouts_tally AS tally ON tally.program_id = program.id
 CROSS JOIN LATERAL (
       SELECT COALESCE(sum(cycle.cash_awards), 0)::bigint AS cash, COALESCE(sum(cycle.gift_awards), 0)::bigint AS gift
         FROM queueing_cycle AS cycle
        WHERE cycle.program_id = program.id AND cycle.number > COALESCE(collection.cycle, 0)
       ) AS fresh
 WHERE program.id = ANY(%(programs)s)
 ORDER BY program.code;
