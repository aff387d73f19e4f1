-- What a program's draws have promised of its prize fund.

-- name: committed
-- Draws under way have promised their prizes. A draw that was not completed keeps its fund until another draw, once
-- announced, takes it; so does a void one that had taken a fund itself. Of a certified draw that is promised which has
-- left the fund neither as an award nor as a prize that nobody gets; a cancelled award's amount came back.
SELECT coalesce((
           SELECT sum(draw.fund_minor) FROM lottery_draw AS draw
            WHERE draw.program_id = %(program)s
              AND (draw.state IN ('announced', 'frozen', 'revealed', 'drawn', 'verified')
                   OR (draw.state = 'not_completed' OR (draw.state = 'void' AND draw.takes_fund_of_id IS NOT NULL))
                      AND NOT EXISTS (SELECT FROM lottery_draw AS heir
                                       WHERE heir.takes_fund_of_id = draw.id AND heir.state <> 'draft'))), 0)
     + coalesce((
           SELECT sum(draw.fund_minor) FROM lottery_draw AS draw
            WHERE draw.program_id = %(program)s AND draw.state = 'certified'), 0)
     - coalesce((
           SELECT sum(CASE transfer.event WHEN 'cash_award' THEN transfer.amount_minor ELSE -transfer.amount_minor END)
             FROM lottery_draw AS draw
             JOIN lottery_allotment AS allotment ON allotment.draw_id = draw.id AND allotment.award_id IS NOT NULL
             JOIN ledger_transfer AS transfer ON transfer.event IN ('cash_award', 'award_cancelled')
                  AND transfer.reference = 'award:' || allotment.award_id
            WHERE draw.program_id = %(program)s AND draw.state = 'certified'), 0)
     - coalesce((
           SELECT sum(transfer.amount_minor)
             FROM lottery_draw AS draw
             JOIN ledger_transfer AS transfer ON transfer.event = 'prize_not_awarded'
                  AND transfer.reference LIKE 'draw:' || draw.id || ':%%'
            WHERE draw.program_id = %(program)s AND draw.state = 'certified'), 0) AS committed_minor;
