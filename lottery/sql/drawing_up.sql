-- Writing and reading what was drawn.

-- name: write_results
-- The indexes drawn, in order, with the registrations behind them.
INSERT INTO lottery_result (draw_id, rank, index, registration_id, leaf)
SELECT %(draw)s, drawn.rank - 1, entry.index, entry.registration_id, entry.leaf
  FROM unnest(%(indexes)s::bigint[]) WITH ORDINALITY AS drawn (index, rank)
  JOIN lottery_entry AS entry ON entry.draw_id = %(draw)s AND entry.index = drawn.index
 ORDER BY drawn.rank;

-- name: ready
-- Revealed draws whose figures are all confirmed.
SELECT draw.id FROM lottery_draw AS draw
 WHERE draw.state = 'revealed'
   AND NOT EXISTS (SELECT FROM lottery_figure AS figure WHERE figure.draw_id = draw.id AND figure.confirmed_at IS NULL)
 ORDER BY draw.reveals_at, draw.id;
