-- name: free_ranges
-- The lowest numbers of the program that no living lot holds, in minted batches, until `cards` of them are found.
SELECT batch_id, first_number, cards FROM (
    SELECT batch_id, lower(piece) AS first_number, upper(piece) - lower(piece) AS cards,
           sum(upper(piece) - lower(piece)) OVER (ORDER BY lower(piece)) - (upper(piece) - lower(piece)) AS before
      FROM (
          SELECT batch.id AS batch_id,
                 unnest(int8multirange(batch.numbers)
                        - COALESCE(range_agg(lot.numbers) FILTER (WHERE lot.id IS NOT NULL), '{}'::int8multirange)) AS piece
            FROM cards_batch AS batch
            LEFT JOIN cards_lot AS lot ON lot.batch_id = batch.id AND lot.ended_at IS NULL
           WHERE batch.program_id = %(program_id)s AND batch.minted_at IS NOT NULL
           GROUP BY batch.id
      ) AS free
) AS counted
 WHERE before < %(cards)s
 ORDER BY first_number;
