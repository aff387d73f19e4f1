-- name: registration_of_receipt
-- Find a registration by its receipt, and say whether its card is at hand.
SELECT registration.id, registration.card_id, registration.program_id, registration.registered_at,
       registration.withdrawn_at, registration.voided_at,
       card.pin_digest = ANY (%(pin_digests)s::bytea[]) AS card_is_right
  FROM queueing_registration AS registration
  JOIN cards_card AS card ON card.number = registration.card_id
 WHERE registration.receipt_digest = %(receipt_digest)s

-- name: registration_of_card
-- Find a registration by its card's number and PIN; without both nothing is read.
SELECT registration.id, registration.nonce
  FROM (VALUES (%(number)s::bigint)) AS asked (number)
  LEFT JOIN cards_card AS card ON card.number = asked.number AND card.pin_digest = ANY (%(pin_digests)s::bytea[])
  LEFT JOIN queueing_registration AS registration ON registration.card_id = card.number
