-- Freezing a pool: who stands in the line makes it, in order of place. Each statement is one snapshot, and what it reads
-- beside standing can only grow behind the period: places and awards are never taken back.

-- name: line_is_past
-- Whether the line's cut is past an instant, and whether everybody who registered until then has a place.
SELECT line.cut_at > %(until)s AS cut_is_past,
       NOT EXISTS (
           SELECT FROM queueing_registration AS registration
            WHERE registration.program_id = line.program_id AND registration.registered_at <= %(until)s
              AND (registration.registered_at, registration.id) > (line.head_at, line.head_id)) AS all_placed
  FROM queueing_line AS line
 WHERE line.program_id = %(program)s;

-- name: declared
-- The cards that are declared at this moment, as one multirange: looking a card up in it is a binary search. What a dealer
-- declared counts while the cards are its own: returned, they may be sold to another whose customers take part.
SELECT coalesce(range_agg(declared.numbers), '{}')::text
  FROM (SELECT int8range(first_number, last_number, '[]') AS numbers
          FROM lottery_declaration WHERE program_id = %(program)s AND ended_at IS NULL AND dealer_id IS NULL
         UNION ALL
        SELECT int8range(declaration.first_number, declaration.last_number, '[]') * lot.numbers
          FROM lottery_declaration AS declaration
          JOIN cards_lot AS lot ON lot.dealer_id = declaration.dealer_id AND lot.ended_at IS NULL
               AND lot.numbers && int8range(declaration.first_number, declaration.last_number, '[]')
         WHERE declaration.program_id = %(program)s AND declaration.ended_at IS NULL) AS declared;

-- name: enter
-- The entries: standing, registered in the period, not declared, and by rule not paid by a cycle.
INSERT INTO lottery_entry (draw_id, index, registration_id, leaf)
SELECT %(draw)s, row_number() OVER (ORDER BY place.place) - 1, registration.id, registration.leaf
  FROM queueing_place AS place
  JOIN queueing_registration AS registration ON registration.id = place.registration_id
 WHERE place.program_id = %(program)s
   AND registration.registered_at <= %(registered_until)s
   AND (%(registered_from)s::timestamptz IS NULL OR registration.registered_at >= %(registered_from)s)
   AND registration.withdrawn_at IS NULL AND registration.voided_at IS NULL
   AND NOT %(declared)s::int8multirange @> registration.card_id
   AND (%(paid_included)s OR NOT EXISTS (
           SELECT FROM queueing_award AS award
            WHERE award.registration_id = registration.id AND award.source = 'cycle' AND award.kind = 'cash'))
 ORDER BY place.place;

-- name: write_pool
-- The pool file in pieces, aggregated in order of index: memory for one piece.
INSERT INTO lottery_piece (draw_id, file, number, content)
SELECT %(draw)s, 'pool', index / %(lines)s,
       convert_to(string_agg(index || E'\t' || leaf || E'\n', '' ORDER BY index), 'UTF8')
  FROM lottery_entry WHERE draw_id = %(draw)s
 GROUP BY index / %(lines)s ORDER BY index / %(lines)s;

-- name: write_empty_pool
-- The file of a pool without entries is empty, and there.
INSERT INTO lottery_piece (draw_id, file, number, content) VALUES (%(draw)s, 'pool', 0, '');

-- name: keep_out
-- Who would have entered but for a declaration, in the same words as `enter`.
INSERT INTO lottery_excluded (draw_id, registration_id, leaf)
SELECT %(draw)s, registration.id, registration.leaf
  FROM queueing_place AS place
  JOIN queueing_registration AS registration ON registration.id = place.registration_id
 WHERE place.program_id = %(program)s
   AND registration.registered_at <= %(registered_until)s
   AND (%(registered_from)s::timestamptz IS NULL OR registration.registered_at >= %(registered_from)s)
   AND registration.withdrawn_at IS NULL AND registration.voided_at IS NULL
   AND %(declared)s::int8multirange @> registration.card_id
   AND (%(paid_included)s OR NOT EXISTS (
           SELECT FROM queueing_award AS award
            WHERE award.registration_id = registration.id AND award.source = 'cycle' AND award.kind = 'cash'))
 ORDER BY place.place;
