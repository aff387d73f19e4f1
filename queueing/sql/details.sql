-- name: sealed_details
-- Read what is held of some registrations, sealed, with the card's number that it is sealed to.
SELECT details.registration_id, registration.card_id, details.epoch_id, details.payee, details.payee_key,
       details.contact, details.contact_key, details.delivery, details.delivery_key
  FROM queueing_holderdetails AS details
  JOIN queueing_registration AS registration ON registration.id = details.registration_id
 WHERE details.registration_id = ANY (%(registration_ids)s)

-- name: lock
-- Whatever is held of some registrations, in one order for everybody.
SELECT registration_id FROM queueing_holderdetails
 WHERE registration_id = ANY (%(registration_ids)s) ORDER BY registration_id FOR UPDATE

-- name: hold
-- Hold the released versions, unless the holder or another release came first.
UPDATE queueing_holderdetails AS details
   SET held_for = %(release_id)s
  FROM unnest(%(ids)s::bigint[], %(versions)s::int[]) AS released (registration_id, version)
  JOIN queueing_registration AS registration ON registration.id = released.registration_id
 WHERE details.registration_id = released.registration_id
   AND details.version = released.version
   AND details.payee IS NOT NULL
   AND details.held_for IS NULL
   AND registration.withdrawn_at IS NULL
   AND registration.voided_at IS NULL
   AND registration.frozen_at IS NULL
RETURNING details.registration_id

-- name: let_go
-- End a release's own hold and nobody else's.
UPDATE queueing_holderdetails
   SET held_for = NULL
 WHERE registration_id = ANY (%(ids)s) AND held_for = %(release_id)s
RETURNING registration_id

-- name: versions
-- Read the versions of the payees that are held.
SELECT registration_id, version
  FROM queueing_holderdetails
 WHERE registration_id = ANY (%(registration_ids)s) AND payee IS NOT NULL

-- name: payee_counts
-- Count a program's registrations with the same payee, through the payee index; each payee once, however many of
-- those asked for share it.
WITH asked AS MATERIALIZED (
    SELECT registration_id, payee_fingerprint FROM queueing_holderdetails
     WHERE registration_id = ANY (%(registration_ids)s) AND payee IS NOT NULL
), counted AS (
    SELECT same.payee_fingerprint, count(*) AS held
      FROM (SELECT DISTINCT payee_fingerprint FROM asked) AS payees
      JOIN queueing_holderdetails AS same ON same.payee_fingerprint = payees.payee_fingerprint
      JOIN queueing_registration AS registration ON registration.id = same.registration_id
     WHERE registration.program_id = %(program_id)s
     GROUP BY same.payee_fingerprint
)
SELECT asked.registration_id, counted.held FROM asked JOIN counted USING (payee_fingerprint)
