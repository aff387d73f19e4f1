-- name: stock_astray
-- Offers whose stock is not what their moves add up to.
SELECT offer.id, offer.stock, COALESCE(moved.pieces, 0)
  FROM payouts_offer AS offer
  LEFT JOIN (SELECT offer_id, sum(pieces) AS pieces FROM payouts_stockmove GROUP BY offer_id) AS moved
    ON moved.offer_id = offer.id
 WHERE offer.stock <> COALESCE(moved.pieces, 0) ORDER BY offer.id LIMIT 20;

-- name: stock_money_astray
-- Programs whose stock at its cost is not what the ledger holds of it.
SELECT program.id, COALESCE(held.minor, 0), COALESCE(account.minor, 0)
  FROM cards_program AS program
  LEFT JOIN (SELECT program_id, sum(stock * cost_minor) AS minor FROM payouts_offer GROUP BY program_id) AS held
    ON held.program_id = program.id
  LEFT JOIN (SELECT program, sum(balance_minor) AS minor FROM ledger_account WHERE kind = 'gift_stock'
              GROUP BY program) AS account ON account.program = program.id
 WHERE COALESCE(held.minor, 0) <> COALESCE(account.minor, 0) ORDER BY program.id LIMIT 20;

-- name: handed_over_astray
-- Gifts handed over whose piece is in stock, and pieces that left for gifts that were not.
SELECT COALESCE(gift.award_id, move.award_id)
  FROM (SELECT award_id FROM payouts_gift WHERE state = 'handed_over') AS gift
  FULL JOIN (SELECT substring(reference FROM 7)::bigint AS award_id FROM payouts_stockmove
              WHERE kind = 'handed_over') AS move ON move.award_id = gift.award_id
 WHERE gift.award_id IS NULL OR move.award_id IS NULL ORDER BY 1 LIMIT 20;

-- name: reserved_astray
-- Offers whose reserved pieces are not those of gifts chosen and not handed over.
SELECT offer.id, offer.reserved, COALESCE(chosen.gifts, 0)
  FROM payouts_offer AS offer
  LEFT JOIN (SELECT offer_id, count(*) AS gifts FROM payouts_gift WHERE state IN ('chosen', 'ready')
              GROUP BY offer_id) AS chosen ON chosen.offer_id = offer.id
 WHERE offer.reserved <> COALESCE(chosen.gifts, 0) ORDER BY offer.id LIMIT 20;

-- name: codes_astray
-- Offers of e-codes whose free codes are not their free stock.
SELECT offer.id, offer.stock - offer.reserved, COALESCE(code.free, 0)
  FROM payouts_offer AS offer
  LEFT JOIN (SELECT offer_id, count(*) AS free FROM payouts_ecode WHERE gift_id IS NULL GROUP BY offer_id) AS code
    ON code.offer_id = offer.id
 WHERE offer.by_code AND offer.stock - offer.reserved <> COALESCE(code.free, 0) ORDER BY offer.id LIMIT 20;

-- name: codes_of_gifts_astray
-- Gifts given as a code that have none of their offer, and codes taken for gifts given otherwise.
SELECT COALESCE(gift.award_id, code.gift_id)
  FROM (SELECT award_id, offer_id FROM payouts_gift WHERE way = 'code' AND state IN ('ready', 'handed_over')) AS gift
  FULL JOIN (SELECT gift_id, offer_id FROM payouts_ecode WHERE gift_id IS NOT NULL) AS code
    ON code.gift_id = gift.award_id AND code.offer_id = gift.offer_id
 WHERE gift.award_id IS NULL OR code.gift_id IS NULL ORDER BY 1 LIMIT 20;

-- name: deliveries_without_gift
-- Deliveries that are held for gifts that are not on their way.
SELECT details.registration_id FROM queueing_holderdetails AS details
 WHERE details.delivery IS NOT NULL
   AND NOT EXISTS (SELECT FROM queueing_award AS award JOIN payouts_gift AS gift ON gift.award_id = award.id
                    WHERE award.registration_id = details.registration_id AND award.kind = 'gift'
                      AND gift.state IN ('chosen', 'ready') AND gift.way IN ('dealer', 'post'))
 ORDER BY details.registration_id LIMIT 20;
