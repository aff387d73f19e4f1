-- name: programs_with_awards
-- Programs whose closed cycles or draws have awards that no register holds yet.
SELECT line.program_id FROM queueing_line AS line
  LEFT JOIN payouts_collection AS collection USING (program_id)
 WHERE line.cycles_closed > COALESCE(collection.cycle, 0)
 UNION
SELECT line.program_id FROM queueing_line AS line
 WHERE EXISTS (
     SELECT FROM queueing_award AS award
      WHERE award.program_id = line.program_id AND award.source = 'draw' AND award.kind = 'cash'
        AND NOT EXISTS (SELECT FROM payouts_pendingpayout AS held WHERE held.award_id = award.id)
        AND NOT EXISTS (SELECT FROM payouts_refund AS held WHERE held.award_id = award.id)
        AND NOT EXISTS (SELECT FROM payouts_cancelledpayout AS held WHERE held.award_id = award.id));

-- name: open_collection
-- The row that remembers how far a program was collected.
INSERT INTO payouts_collection (program_id, cycle, cash_awards, gift_awards, collected_at)
VALUES (%(program)s, 0, 0, 0, %(now)s) ON CONFLICT DO NOTHING;

-- name: collect_cycles
-- Put the awards of the next closed cycles into the registers, in order of cycle and place, and move the cursor.
-- The line's count of closed cycles and the awards are read in one snapshot; cycles commit in order.
WITH span AS MATERIALIZED (
    SELECT collection.cycle AS after_cycle,
           LEAST(line.cycles_closed, collection.cycle + %(cycles_max)s) AS through_cycle
      FROM payouts_collection AS collection JOIN queueing_line AS line USING (program_id)
     WHERE collection.program_id = %(program)s
), fresh AS MATERIALIZED (
    SELECT award.id, award.registration_id, award.source, award.source_id, award.place, award.kind,
           award.amount_minor, registration.withdrawn_at IS NOT NULL AS withdrawn,
           registration.frozen_at IS NOT NULL AS frozen,
           CASE WHEN details.payee_key IS NULL THEN 0 ELSE details.version END AS details_version
      FROM span
      JOIN queueing_award AS award ON award.program_id = %(program)s AND award.source = 'cycle'
           AND award.source_id > span.after_cycle AND award.source_id <= span.through_cycle
      JOIN queueing_registration AS registration ON registration.id = award.registration_id
      LEFT JOIN queueing_holderdetails AS details ON details.registration_id = award.registration_id
           AND award.kind = 'cash'
), due AS (
    INSERT INTO payouts_pendingpayout (award_id, registration_id, program_id, source, source_id, place, amount_minor,
                                       currency, state, since, reason, details_version, attempts)
    SELECT id, registration_id, %(program)s, source, source_id, place, amount_minor, %(currency)s,
           CASE WHEN frozen THEN 'on_hold' WHEN details_version = 0 THEN 'details_needed' ELSE 'due' END, %(now)s,
           CASE WHEN frozen THEN 'frozen' WHEN details_version = 0 THEN 'no_details' ELSE '' END, details_version, 0
      FROM fresh WHERE kind = 'cash' AND NOT withdrawn ORDER BY source_id, place
    RETURNING award_id, amount_minor
), cancelled AS (
    INSERT INTO payouts_cancelledpayout (award_id, program_id, source, source_id, place, amount_minor, currency,
                                         state, reason, posted, cancelled_at)
    SELECT id, %(program)s, source, source_id, place, amount_minor, %(currency)s, 'cancelled', 'withdrawn', false,
           %(now)s
      FROM fresh WHERE kind = 'cash' AND withdrawn
    RETURNING award_id
), gifts AS (
    INSERT INTO payouts_gift (award_id, program_id, state, since, way, choice, tracking)
    SELECT id, %(program)s, CASE WHEN withdrawn THEN 'lapsed' ELSE 'owed' END, %(now)s, '', 0, ''
      FROM fresh WHERE kind = 'gift' ORDER BY source_id, place
    RETURNING award_id
), moved AS (
    UPDATE payouts_collection AS collection
       SET cycle = span.through_cycle, collected_at = %(now)s,
           cash_awards = cash_awards + (SELECT count(*) FROM fresh WHERE kind = 'cash'),
           gift_awards = gift_awards + (SELECT count(*) FROM fresh WHERE kind = 'gift')
      FROM span
     WHERE collection.program_id = %(program)s AND span.through_cycle > span.after_cycle
    RETURNING collection.cycle
)
SELECT (SELECT through_cycle FROM span), (SELECT through_cycle - after_cycle FROM span),
       COALESCE((SELECT array_agg(award_id ORDER BY award_id) FROM due), '{}'),
       COALESCE((SELECT array_agg(amount_minor ORDER BY award_id) FROM due), '{}'),
       (SELECT count(*) FROM cancelled), (SELECT count(*) FROM gifts), (SELECT count(*) FROM moved);

-- name: collect_draws
-- Put awards of draws that no register holds into PENDING, or into the cancelled if their holder has withdrawn.
WITH fresh AS MATERIALIZED (
    SELECT award.id, award.registration_id, award.source_id, award.place, award.amount_minor,
           registration.withdrawn_at IS NOT NULL AS withdrawn, registration.frozen_at IS NOT NULL AS frozen,
           CASE WHEN details.payee_key IS NULL THEN 0 ELSE details.version END AS details_version
      FROM queueing_award AS award
      JOIN queueing_registration AS registration ON registration.id = award.registration_id
      LEFT JOIN queueing_holderdetails AS details ON details.registration_id = award.registration_id
     WHERE award.program_id = %(program)s AND award.source = 'draw' AND award.kind = 'cash'
       AND NOT EXISTS (SELECT FROM payouts_pendingpayout AS held WHERE held.award_id = award.id)
       AND NOT EXISTS (SELECT FROM payouts_refund AS held WHERE held.award_id = award.id)
       AND NOT EXISTS (SELECT FROM payouts_cancelledpayout AS held WHERE held.award_id = award.id)
     ORDER BY award.source_id, award.id LIMIT %(awards_max)s
), due AS (
    INSERT INTO payouts_pendingpayout (award_id, registration_id, program_id, source, source_id, place, amount_minor,
                                       currency, state, since, reason, details_version, attempts)
    SELECT id, registration_id, %(program)s, 'draw', source_id, place, amount_minor, %(currency)s,
           CASE WHEN frozen THEN 'on_hold' WHEN details_version = 0 THEN 'details_needed' ELSE 'due' END, %(now)s,
           CASE WHEN frozen THEN 'frozen' WHEN details_version = 0 THEN 'no_details' ELSE '' END, details_version, 0
      FROM fresh WHERE NOT withdrawn
    RETURNING award_id, amount_minor
), cancelled AS (
    INSERT INTO payouts_cancelledpayout (award_id, program_id, source, source_id, place, amount_minor, currency,
                                         state, reason, posted, cancelled_at)
    SELECT id, %(program)s, 'draw', source_id, place, amount_minor, %(currency)s, 'cancelled', 'withdrawn', false,
           %(now)s
      FROM fresh WHERE withdrawn
    RETURNING award_id
)
SELECT COALESCE((SELECT array_agg(award_id ORDER BY award_id) FROM due), '{}'),
       COALESCE((SELECT array_agg(amount_minor ORDER BY award_id) FROM due), '{}'),
       COALESCE((SELECT array_agg(award_id ORDER BY award_id) FROM cancelled), '{}');
