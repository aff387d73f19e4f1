-- What has come into the registers since the books were checked last: by cycle, each piece bounded. What is small
-- whatever the line's length is looked at whole; the whole rules are in books.sql.

-- name: collections_to_check
-- How far each program's awards were collected.
SELECT line.program_id, COALESCE(collection.cycle, 0), program.cycle_size
  FROM queueing_line AS line
  JOIN cards_program AS program ON program.id = line.program_id
  LEFT JOIN payouts_collection AS collection ON collection.program_id = line.program_id
 ORDER BY line.program_id;

-- name: astray_since
-- Cash awards of collected cycles after the mark that are not in exactly one register, or in one that differs.
SELECT award.id, count(register.award_id), bool_and(register.alike) IS FALSE
  FROM queueing_award AS award
  LEFT JOIN LATERAL (
       SELECT register.award_id, (register.program_id, register.amount_minor) = (award.program_id, award.amount_minor)
                  AS alike
         FROM (SELECT award_id, program_id, amount_minor FROM payouts_pendingpayout WHERE award_id = award.id
                UNION ALL SELECT award_id, program_id, amount_minor FROM payouts_refund WHERE award_id = award.id
                UNION ALL SELECT award_id, program_id, amount_minor FROM payouts_cancelledpayout
                           WHERE award_id = award.id) AS register
  ) AS register ON true
 WHERE award.program_id = %(program)s AND award.source = 'cycle' AND award.kind = 'cash'
   AND award.source_id > %(since)s AND award.source_id <= %(through)s
 GROUP BY award.id HAVING count(register.award_id) <> 1 OR bool_and(register.alike) IS FALSE
 ORDER BY award.id LIMIT 20;

-- name: gifts_astray_since
-- Gift awards of collected cycles after the mark that nobody owes.
SELECT award.id FROM queueing_award AS award
 WHERE award.program_id = %(program)s AND award.source = 'cycle' AND award.kind = 'gift'
   AND award.source_id > %(since)s AND award.source_id <= %(through)s
   AND NOT EXISTS (SELECT FROM payouts_gift AS gift WHERE gift.award_id = award.id)
 ORDER BY award.id LIMIT 20;

-- name: uncollected
-- Cash awards of cycles that wait for their collection too long, and of draws that are in no register or in two.
SELECT award.id, 0 FROM queueing_award AS award
 WHERE award.program_id = %(program)s AND award.source = 'cycle' AND award.kind = 'cash'
   AND award.source_id > %(collected)s AND award.awarded_at < %(before)s
   AND NOT EXISTS (SELECT FROM payouts_pendingpayout AS held WHERE held.award_id = award.id)
   AND NOT EXISTS (SELECT FROM payouts_refund AS held WHERE held.award_id = award.id)
   AND NOT EXISTS (SELECT FROM payouts_cancelledpayout AS held WHERE held.award_id = award.id)
 UNION ALL
SELECT award.id, held.registers FROM queueing_award AS award
 CROSS JOIN LATERAL (
       SELECT (SELECT count(*) FROM payouts_pendingpayout AS register WHERE register.award_id = award.id)
            + (SELECT count(*) FROM payouts_refund AS register WHERE register.award_id = award.id)
            + (SELECT count(*) FROM payouts_cancelledpayout AS register WHERE register.award_id = award.id)
              AS registers) AS held
 WHERE award.program_id = %(program)s AND award.source = 'draw' AND award.kind = 'cash' AND held.registers <> 1
   AND (held.registers > 1 OR award.awarded_at < %(before)s)
 LIMIT 20;

-- name: in_two_registers
-- Awards that one register holds and another too, whenever they were awarded.
SELECT one.award_id FROM payouts_pendingpayout AS one JOIN payouts_refund AS other USING (award_id)
 UNION ALL
SELECT one.award_id FROM payouts_pendingpayout AS one JOIN payouts_cancelledpayout AS other USING (award_id)
 UNION ALL
SELECT one.award_id FROM payouts_cancelledpayout AS one JOIN payouts_refund AS other USING (award_id)
 LIMIT 20;

-- name: counted_numbers
-- The public figures of every program from tables that are short against the line; null where only a count of the line
-- itself would tell.
SELECT program.id, NULL::bigint AS registered,
       (SELECT COALESCE(max(row.place), 0) FROM queueing_place AS row WHERE row.program_id = program.id) AS placed,
       (SELECT count(*) FROM queueing_cycle AS row WHERE row.program_id = program.id) AS cycles_closed,
       (SELECT COALESCE(sum(row.cash_awards), 0)::bigint FROM queueing_cycle AS row WHERE row.program_id = program.id)
     + (SELECT count(*) FROM queueing_award AS row
         WHERE row.program_id = program.id AND row.source = 'draw' AND row.kind = 'cash') AS cash_awards,
       (SELECT COALESCE(sum(row.gift_awards), 0)::bigint FROM queueing_cycle AS row WHERE row.program_id = program.id)
           AS gift_awards,
       (SELECT count(*) FROM payouts_refund AS row WHERE row.program_id = program.id) AS refunded,
       (SELECT COALESCE(sum(amount_minor), 0)::bigint FROM payouts_refund AS row WHERE row.program_id = program.id)
           AS refunded_minor,
       (SELECT count(*) FROM payouts_pendingpayout AS row WHERE row.program_id = program.id) AS pending,
       NULL::bigint AS gifts_owed
  FROM cards_program AS program ORDER BY program.id;
