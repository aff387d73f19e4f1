-- name: registration_of_receipt
-- Find a registration by its receipt, with what proves that its card is at hand.
SELECT registration.id, registration.card_id, registration.program_id, registration.registered_at,
       registration.withdrawn_at, registration.voided_at, card.pin_digest, batch.pin_key_id
  FROM queueing_registration AS registration
  JOIN cards_card AS card ON card.number = registration.card_id
  JOIN cards_batch AS batch ON batch.numbers @> registration.card_id
 WHERE registration.receipt_digest = %(receipt_digest)s

-- name: registration_of_card
-- Find a registration by its card's number; an unknown card takes the same path.
SELECT card.pin_digest, batch.pin_key_id, registration.id, registration.nonce, registration.receipt_generation
  FROM (VALUES (%(number)s::bigint)) AS asked (number)
  LEFT JOIN cards_card AS card ON card.number = asked.number
  LEFT JOIN cards_batch AS batch ON batch.numbers @> asked.number
  LEFT JOIN queueing_registration AS registration ON registration.card_id = asked.number
