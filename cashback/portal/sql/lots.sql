-- name: registered_by_lot
-- How many cards of each given lot are registered: one walk of the cards' unique index a lot.
SELECT lot.id, found.registered
  FROM cards_lot AS lot
 CROSS JOIN LATERAL (
     SELECT count(*) AS registered FROM queueing_registration AS registration
      WHERE registration.card_id BETWEEN lot.first_number AND lot.last_number
 ) AS found
 WHERE lot.id = ANY (%(lots)s::bigint[]);

-- name: sold_to_dealer
-- A dealer's living lots, their cards, and how many of those are registered.
SELECT count(*), COALESCE(sum(lot.last_number - lot.first_number + 1), 0)::bigint,
       COALESCE(sum(found.registered), 0)::bigint
  FROM cards_lot AS lot
 CROSS JOIN LATERAL (
     SELECT count(*) AS registered FROM queueing_registration AS registration
      WHERE registration.card_id BETWEEN lot.first_number AND lot.last_number
 ) AS found
 WHERE lot.dealer_id = %(dealer)s AND lot.ended_at IS NULL;
