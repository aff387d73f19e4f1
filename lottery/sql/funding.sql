-- What a program's draws have promised of its prize fund.

-- name: funds
-- What the prize fund holds and what of it is promised, of one program or of all that ever had a draw, in one snapshot.
-- Draws under way have promised their prizes. A draw that was not completed keeps its fund until another draw, once
-- announced, takes it; so does a void one that had taken a fund itself. Of a certified draw that is promised which has
-- left the fund neither as an award nor as a prize that nobody gets; a cancelled award's amount came back.
SELECT program.id, program.code, coalesce(fund.balance_minor, 0) AS balance_minor, (coalesce((
           SELECT sum(draw.fund_minor) FROM lottery_draw AS draw
            WHERE draw.program_id = program.id
              AND (draw.state IN ('announced', 'frozen', 'revealed', 'drawn', 'verified', 'certified')
                   OR (draw.state = 'not_completed' OR (draw.state = 'void' AND draw.takes_fund_of_id IS NOT NULL))
                      AND NOT EXISTS (SELECT FROM lottery_draw AS heir
                                       WHERE heir.takes_fund_of_id = draw.id AND heir.state <> 'draft'))), 0)
     - coalesce((
           SELECT sum(CASE transfer.event WHEN 'cash_award' THEN transfer.amount_minor ELSE -transfer.amount_minor END)
             FROM lottery_draw AS draw
             JOIN lottery_allotment AS allotment ON allotment.draw_id = draw.id AND allotment.award_id IS NOT NULL
             JOIN ledger_transfer AS transfer ON transfer.event IN ('cash_award', 'award_cancelled')
                  AND transfer.reference = 'award:' || allotment.award_id
            WHERE draw.program_id = program.id AND draw.state = 'certified'), 0)
     - coalesce((
           SELECT sum(transfer.amount_minor) FROM ledger_transfer AS transfer
            WHERE transfer.event = 'prize_not_awarded' AND transfer.debit_id = fund.id), 0))::bigint AS committed_minor
  FROM cards_program AS program
  LEFT JOIN ledger_account AS fund
    ON fund.kind = 'prize_fund' AND fund.currency = program.currency AND fund.program = program.id
 WHERE CASE WHEN %(program)s::bigint IS NULL
            THEN EXISTS (SELECT FROM lottery_draw AS draw WHERE draw.program_id = program.id)
            ELSE program.id = %(program)s END;
