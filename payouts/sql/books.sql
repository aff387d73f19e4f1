-- name: awards_astray
-- Cash awards in two registers, or in none although their cycle was collected or five minutes have passed.
SELECT award.id, held.registers FROM queueing_award AS award
  LEFT JOIN payouts_collection AS collection ON collection.program_id = award.program_id
 CROSS JOIN LATERAL (
       SELECT (SELECT count(*) FROM payouts_pendingpayout AS register WHERE register.award_id = award.id)
            + (SELECT count(*) FROM payouts_refund AS register WHERE register.award_id = award.id)
            + (SELECT count(*) FROM payouts_cancelledpayout AS register WHERE register.award_id = award.id)
              AS registers) AS held
 WHERE award.kind = 'cash' AND held.registers <> 1
   AND (held.registers > 1 OR award.awarded_at < %(before)s
        OR (award.source = 'cycle' AND award.source_id <= COALESCE(collection.cycle, 0)))
 ORDER BY award.id LIMIT 20;

-- name: gifts_astray
-- Gift awards of collected cycles that nobody owes.
SELECT award.id FROM queueing_award AS award JOIN payouts_collection AS collection USING (program_id)
 WHERE award.kind = 'gift' AND award.source = 'cycle' AND award.source_id <= collection.cycle
   AND NOT EXISTS (SELECT FROM payouts_gift AS gift WHERE gift.award_id = award.id)
 ORDER BY award.id LIMIT 20;

-- name: registers_without_award
-- Rows of the registers that differ from their award.
SELECT register.award_id FROM (
    SELECT award_id, program_id, amount_minor FROM payouts_pendingpayout
     UNION ALL SELECT award_id, program_id, amount_minor FROM payouts_refund
     UNION ALL SELECT award_id, program_id, amount_minor FROM payouts_cancelledpayout
) AS register
  LEFT JOIN queueing_award AS award ON award.id = register.award_id AND award.kind = 'cash'
       AND award.program_id = register.program_id AND award.amount_minor = register.amount_minor
 WHERE award.id IS NULL ORDER BY register.award_id LIMIT 20;

-- name: ends_astray
-- Draws' awards of which the cancelled say something else than their draw was told.
SELECT COALESCE(told.award_id, cancelled.award_id) FROM queueing_endedaward AS told
  FULL JOIN (SELECT award_id, reason FROM payouts_cancelledpayout WHERE source = 'draw') AS cancelled
    ON cancelled.award_id = told.award_id
 WHERE cancelled.reason IS DISTINCT FROM told.reason
 ORDER BY 1 LIMIT 20;

-- name: paid_against_refunded
-- Programs whose ledger does not say what the registers say: paid less returned against REFUNDED, money due and in
-- transit against PENDING.
SELECT program.id, paid.ledger_minor, paid.register_minor, due.ledger_minor, due.register_minor,
       transit.ledger_minor, transit.register_minor
  FROM cards_program AS program
 CROSS JOIN LATERAL (
       SELECT COALESCE((SELECT sum(CASE transfer.event WHEN 'payout_confirmed' THEN transfer.amount_minor
                                        ELSE -transfer.amount_minor END)
                          FROM ledger_transfer AS transfer JOIN ledger_account AS account
                               ON account.id = CASE transfer.event WHEN 'payout_confirmed' THEN transfer.debit_id
                                                    ELSE transfer.credit_id END
                         WHERE transfer.event IN ('payout_confirmed', 'payout_returned')
                           AND account.program = program.id), 0) AS ledger_minor,
              COALESCE((SELECT sum(amount_minor) FROM payouts_refund AS refund
                         WHERE refund.program_id = program.id), 0) AS register_minor) AS paid
 CROSS JOIN LATERAL (
       SELECT COALESCE((SELECT sum(balance_minor) FROM ledger_account AS account
                         WHERE account.program = program.id AND account.kind = 'payouts_due'), 0) AS ledger_minor,
              COALESCE((SELECT sum(amount_minor) FROM payouts_pendingpayout AS pending
                         WHERE pending.program_id = program.id
                           AND pending.state NOT IN ('sent', 'accepted', 'in_doubt')), 0) AS register_minor) AS due
 CROSS JOIN LATERAL (
       SELECT COALESCE((SELECT sum(balance_minor) FROM ledger_account AS account
                         WHERE account.program = program.id AND account.kind = 'in_transit'), 0) AS ledger_minor,
              COALESCE((SELECT sum(amount_minor) FROM payouts_pendingpayout AS pending
                         WHERE pending.program_id = program.id
                           AND pending.state IN ('sent', 'accepted', 'in_doubt')), 0) AS register_minor) AS transit
 WHERE paid.ledger_minor <> paid.register_minor OR due.ledger_minor <> due.register_minor
    OR transit.ledger_minor <> transit.register_minor;

-- name: counted_numbers
-- The public figures of every program counted from the tables themselves.
SELECT program.id,
       (SELECT count(*) FROM queueing_registration AS row WHERE row.program_id = program.id) AS registered,
       (SELECT count(*) FROM queueing_place AS row WHERE row.program_id = program.id) AS placed,
       (SELECT count(*) FROM queueing_cycle AS row WHERE row.program_id = program.id) AS cycles_closed,
       (SELECT count(*) FROM queueing_award AS row WHERE row.program_id = program.id AND row.kind = 'cash')
           AS cash_awards,
       (SELECT count(*) FROM queueing_award AS row WHERE row.program_id = program.id AND row.kind = 'gift')
           AS gift_awards,
       (SELECT count(*) FROM payouts_refund AS row WHERE row.program_id = program.id) AS refunded,
       (SELECT COALESCE(sum(amount_minor), 0)::bigint FROM payouts_refund AS row WHERE row.program_id = program.id)
           AS refunded_minor,
       (SELECT count(*) FROM payouts_pendingpayout AS row WHERE row.program_id = program.id) AS pending,
       (SELECT count(*) FROM payouts_gift AS row
         WHERE row.program_id = program.id AND row.state NOT IN ('handed_over', 'lapsed')) AS gifts_owed
  FROM cards_program AS program ORDER BY program.id;

-- name: compare_numbers
-- Put the two queries that are inserted here, what is printed and what is counted, side by side in one snapshot.
WITH printed AS (%(printed)s), counted AS (%(counted)s)
SELECT printed.code, figure.name, figure.printed, figure.counted
  FROM printed JOIN counted USING (id)
 CROSS JOIN LATERAL (VALUES
       ('registered', printed.registered, counted.registered),
       ('placed', printed.placed, counted.placed),
       ('cycles_closed', printed.cycles_closed, counted.cycles_closed),
       ('cash_awards', printed.cash_collected + printed.cash_uncollected + printed.draw_awards, counted.cash_awards),
       ('gift_awards', printed.gift_collected + printed.gift_uncollected, counted.gift_awards),
       ('refunded', printed.refunded, counted.refunded),
       ('refunded_minor', printed.refunded_minor, counted.refunded_minor),
       ('pending', printed.pending, counted.pending),
       ('gifts_owed', printed.gifts_owed, counted.gifts_owed)) AS figure (name, printed, counted)
 WHERE figure.printed <> figure.counted;

-- name: files_past_their_time
-- Sealed files of the bank, and payment files, that should be gone.
SELECT 'bank file ' || id FROM payouts_bankfile WHERE destroyed_at IS NULL AND received_at < %(bank_before)s
 UNION ALL
SELECT 'payment file of release ' || id FROM payouts_release
 WHERE file_destroyed_at IS NULL AND sent_at < %(payment_before)s;

-- name: payees_of_the_paid
-- Payees that are held though every cash award of their registration is paid or cancelled, and its verdict has fallen.
SELECT details.registration_id FROM queueing_holderdetails AS details
 WHERE details.payee_key IS NOT NULL
   AND EXISTS (SELECT FROM queueing_award AS award
                WHERE award.registration_id = details.registration_id AND award.kind = 'cash')
   AND NOT EXISTS (
       SELECT FROM queueing_registration AS registration
         JOIN cards_program AS program ON program.id = registration.program_id
         JOIN queueing_line AS line ON line.program_id = registration.program_id
         LEFT JOIN queueing_place AS place ON place.registration_id = registration.id
        WHERE registration.id = details.registration_id AND details.kept_for_verdict
          AND (place.place IS NULL
               OR place.place > CASE program.rule WHEN 'line' THEN line.paid_through
                                                  ELSE line.cycles_closed * program.cycle_size END))
   AND NOT EXISTS (
       SELECT FROM queueing_award AS award
        WHERE award.registration_id = details.registration_id AND award.kind = 'cash'
          AND NOT EXISTS (SELECT FROM payouts_refund AS held WHERE held.award_id = award.id)
          AND NOT EXISTS (SELECT FROM payouts_cancelledpayout AS held WHERE held.award_id = award.id))
 ORDER BY details.registration_id LIMIT 20;

-- name: held_files
-- How many files of the bank, and payment files, are held; since when the oldest.
SELECT (SELECT count(*) FROM payouts_bankfile WHERE destroyed_at IS NULL),
       (SELECT min(received_at) FROM payouts_bankfile WHERE destroyed_at IS NULL),
       (SELECT max(received_at) FROM payouts_bankfile WHERE destroyed_at IS NULL),
       (SELECT count(*) FROM payouts_bankfile WHERE destroyed_at IS NULL AND received_at < %(bank_before)s),
       (SELECT count(*) FROM payouts_release WHERE sent_at IS NOT NULL AND file_destroyed_at IS NULL),
       (SELECT max(sent_at) FROM payouts_release WHERE sent_at IS NOT NULL AND file_destroyed_at IS NULL),
       (SELECT count(*) FROM payouts_release WHERE file_destroyed_at IS NULL AND sent_at < %(payment_before)s);
