-- name: overlapping_lots
-- Living lots that share a card with another; the exclusion constraint's index answers it.
SELECT one.id, other.id
  FROM cards_lot AS one JOIN cards_lot AS other ON one.numbers && other.numbers AND one.id < other.id
 WHERE one.ended_at IS NULL AND other.ended_at IS NULL;

-- name: lots_outside
-- Living lots that do not lie in a minted batch of their program.
SELECT lot.id
  FROM cards_lot AS lot JOIN cards_batch AS batch ON batch.id = lot.batch_id
 WHERE lot.ended_at IS NULL
   AND NOT (lot.numbers <@ batch.numbers AND lot.program_id = batch.program_id AND batch.minted_at IS NOT NULL);

-- name: incomplete_batches
-- Minted batches that lack cards: their first and last are looked for, and those of the last day are counted.
SELECT batch.id, batch.cards FROM cards_batch AS batch
 WHERE batch.minted_at IS NOT NULL
   AND (NOT EXISTS (SELECT 1 FROM cards_card WHERE number = batch.first_number)
        OR NOT EXISTS (SELECT 1 FROM cards_card WHERE number = batch.first_number + batch.cards - 1)
        OR (batch.minted_at > %(now)s::timestamptz - INTERVAL '1 day'
            AND batch.cards <> (SELECT count(*) FROM cards_card
                                 WHERE number >= batch.first_number AND number < batch.first_number + batch.cards)));

-- name: unpaid_lots
-- Sold lots whose posting is not what they say: price, cash reserve and gift reserve in all.
SELECT lot.id, lot.price_minor, COALESCE(posted.price_minor, 0)
  FROM cards_lot AS lot
  LEFT JOIN LATERAL (
      SELECT sum(leg.amount_minor) AS price_minor,
             sum(leg.amount_minor) FILTER (WHERE account.kind = 'cash_reserve') AS cash_minor,
             sum(leg.amount_minor) FILTER (WHERE account.kind = 'gift_reserve') AS gift_minor
        FROM ledger_transfer AS leg JOIN ledger_account AS account ON account.id = leg.credit_id
       WHERE leg.event = 'lot_sold' AND leg.reference = 'lot:' || lot.id
  ) AS posted ON true
 WHERE lot.replaces_id IS NULL
   AND (lot.price_minor, lot.cash_reserved_minor, lot.gift_reserved_minor) IS DISTINCT FROM
       (COALESCE(posted.price_minor, 0), COALESCE(posted.cash_minor, 0), COALESCE(posted.gift_minor, 0));

-- name: unreserved_orders
-- Orders whose living lots do not hold what was reserved for them when sold, less what returns released.
SELECT held.order_id, held.reserved_minor, COALESCE(posted.reserved_minor, 0)
  FROM (
      SELECT order_id,
             COALESCE(sum(cash_reserved_minor + gift_reserved_minor) FILTER (WHERE ended_at IS NULL), 0) AS reserved_minor
        FROM cards_lot GROUP BY order_id
  ) AS held
  LEFT JOIN (
      SELECT lot.order_id, sum(CASE leg.event WHEN 'lot_sold' THEN leg.amount_minor ELSE -leg.amount_minor END)
                           AS reserved_minor
        FROM cards_lot AS lot
        JOIN ledger_transfer AS leg
          ON leg.event IN ('lot_sold', 'lot_returned') AND leg.reference = 'lot:' || lot.id
        JOIN ledger_account AS account
          ON account.id = CASE leg.event WHEN 'lot_sold' THEN leg.credit_id ELSE leg.debit_id END
       WHERE account.kind IN ('cash_reserve', 'gift_reserve')
       GROUP BY lot.order_id
  ) AS posted ON posted.order_id = held.order_id
 WHERE held.reserved_minor <> COALESCE(posted.reserved_minor, 0);
