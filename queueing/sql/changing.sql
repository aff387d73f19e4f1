-- name: lock_details
-- Read what is held of a registration and keep others from changing it until the end of the transaction.
SELECT details.registration_id, registration.card_id, details.version, details.epoch_id, details.payee,
       details.payee_key, details.contact, details.contact_key, details.delivery, details.delivery_key,
       details.delivery_erase_by, details.held_for
  FROM queueing_holderdetails AS details
  JOIN queueing_registration AS registration ON registration.id = details.registration_id
 WHERE details.registration_id = %(registration_id)s
   FOR UPDATE OF details

-- name: replace_details
-- Put the corrected details in the place of those that were read, unless a release holds them by now. A delivery that
-- was held alone stays, wrapped under the same epoch as they are; the row's time is theirs from now on.
UPDATE queueing_holderdetails
   SET version = version + 1, epoch_id = %(epoch_id)s, payee = %(payee)s, payee_key = %(payee_key)s,
       payee_fingerprint = %(payee_fingerprint)s, contact = %(contact)s, contact_key = %(contact_key)s,
       contact_erase_by = CASE WHEN %(contact)s::bytea IS NULL THEN NULL ELSE contact_erase_by END,
       delivery_key = %(delivery_key)s,
       erase_by = CASE WHEN payee IS NULL AND contact IS NULL THEN %(erase_by)s ELSE erase_by END,
       extended_for = CASE WHEN payee IS NULL AND contact IS NULL THEN 'payout' ELSE extended_for END
 WHERE registration_id = %(registration_id)s AND version = %(version)s AND held_for IS NULL
RETURNING version

-- name: give_details_again
-- Hold details again after they were erased, under a version higher than any before: each correction and each erasure
-- left a row. Nothing comes back where a delivery was given at the same moment.
INSERT INTO queueing_holderdetails (
    registration_id, version, epoch_id, payee, payee_key, payee_fingerprint, contact, contact_key, erase_by,
    extended_for)
SELECT %(registration_id)s,
       2 + (SELECT count(*) FROM queueing_timelineevent
             WHERE registration_id = %(registration_id)s AND event = 'corrected')
         + (SELECT count(*) FROM queueing_erasure WHERE registration_id = %(registration_id)s),
       %(epoch_id)s, %(payee)s, %(payee_key)s, %(payee_fingerprint)s, %(contact)s, %(contact_key)s, %(erase_by)s,
       'payout'
    ON CONFLICT (registration_id) DO NOTHING
RETURNING version

-- name: standing
-- Read whether a registration stands, and what of it is held or was awarded.
SELECT registration.withdrawn_at, registration.voided_at, registration.frozen_at,
       coalesce(details.payee IS NOT NULL, FALSE) AS payee_held,
       details.held_for,
       EXISTS (SELECT FROM queueing_erasure WHERE registration_id = registration.id AND why = 'refunded') AS paid,
       EXISTS (SELECT FROM queueing_award WHERE registration_id = registration.id AND source = 'cycle')
         OR EXISTS (SELECT FROM queueing_award WHERE registration_id = registration.id AND source = 'draw')
         AS awarded
  FROM queueing_registration AS registration
  LEFT JOIN queueing_holderdetails AS details ON details.registration_id = registration.id
 WHERE registration.id = %(registration_id)s

-- name: program_of_card
-- Find the program of a printed card through its batch.
SELECT batch.program_id
  FROM cards_card AS card
  JOIN cards_batch AS batch ON batch.numbers @> card.number
 WHERE card.number = %(number)s
