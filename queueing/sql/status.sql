-- name: find
-- Read a registration by its receipt with all that hangs on it by primary key: about fifteen pages, however long the
-- line.
SELECT registration.id, registration.card_id, registration.program_id, program.code, program.name, program.currency,
       program.rule, program.cycle_size, program.state AS program_state,
       lot.product_name, lot.product_specification, registration.registered_at, registration.language,
       registration.terms_version, registration.product_matches,
       registration.frozen_at, registration.withdrawn_at, registration.voided_at,
       registration.nonce, registration.leaf, registration.signature, registration.signing_key_id,
       place.place, line.placed, line.cycles_closed, line.paid_through,
       block.reason AS block_reason,
       coalesce(details.payee IS NOT NULL, FALSE) AS payee_held,
       coalesce(details.contact IS NOT NULL, FALSE) AS contact_held,
       coalesce(details.delivery IS NOT NULL, FALSE) AS delivery_held,
       details.held_for, details.erase_by, details.contact_erase_by, details.delivery_erase_by, details.extended_for
  FROM queueing_registration AS registration
  JOIN cards_program AS program ON program.id = registration.program_id
  JOIN cards_lot AS lot ON lot.id = registration.lot_id
  LEFT JOIN queueing_line AS line ON line.program_id = registration.program_id
  LEFT JOIN queueing_place AS place ON place.registration_id = registration.id
  LEFT JOIN queueing_holderdetails AS details ON details.registration_id = registration.id
  LEFT JOIN cards_block AS block
    ON block.number = registration.card_id AND block.lifted_at IS NULL AND block.approved_at IS NOT NULL
 WHERE registration.receipt_digest = %(receipt_digest)s

-- name: awards
-- Read a registration's awards through the two indexes that keep them unique.
SELECT id, source, source_id, kind, amount_minor, awarded_at
  FROM queueing_award WHERE registration_id = %(registration_id)s AND source = 'cycle'
 UNION ALL
SELECT id, source, source_id, kind, amount_minor, awarded_at
  FROM queueing_award WHERE registration_id = %(registration_id)s AND source = 'draw'
 ORDER BY awarded_at, id

-- name: erasures
-- Read what was destroyed of a registration, and the proof of it.
SELECT id, at, what, why FROM queueing_erasure WHERE registration_id = %(registration_id)s ORDER BY at, id

-- name: events
-- Read what happened to a registration and stands in no other row.
SELECT event, at FROM queueing_timelineevent WHERE registration_id = %(registration_id)s ORDER BY at, id

-- name: verdict_shown
-- The verdict was seen: a contact that only waits for that has served its purpose.
UPDATE queueing_holderdetails
   SET contact_erase_by = %(now)s
 WHERE registration_id = %(registration_id)s AND contact_erase_by > %(now)s
