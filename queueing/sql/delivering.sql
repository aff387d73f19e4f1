-- name: lock_standing
-- Keep a registration from ending until a delivery is held for it; nothing where it has ended.
SELECT id, card_id FROM queueing_registration
 WHERE id = %(registration_id)s AND withdrawn_at IS NULL AND voided_at IS NULL
   FOR NO KEY UPDATE

-- name: put_beside
-- Put a delivery into the row that was locked, under another epoch with all it holds; a delivery alone gives the row its
-- time.
UPDATE queueing_holderdetails
   SET epoch_id = %(epoch_id)s, payee_key = %(payee_key)s, contact_key = %(contact_key)s,
       delivery = %(delivery)s, delivery_key = %(delivery_key)s, delivery_erase_by = %(erase_by)s,
       erase_by = CASE WHEN payee IS NULL AND contact IS NULL THEN %(erase_by)s ELSE erase_by END
 WHERE registration_id = %(registration_id)s
RETURNING registration_id

-- name: put_alone
-- Hold a delivery of somebody of whom nothing is held any more, under a version higher than any before: each correction
-- and each erasure left a row. Nothing comes back where details were given again at the same moment.
INSERT INTO queueing_holderdetails (registration_id, version, epoch_id, delivery, delivery_key, delivery_erase_by,
                                    erase_by, extended_for)
SELECT %(registration_id)s,
       2 + (SELECT count(*) FROM queueing_timelineevent
             WHERE registration_id = %(registration_id)s AND event = 'corrected')
         + (SELECT count(*) FROM queueing_erasure WHERE registration_id = %(registration_id)s),
       %(epoch_id)s, %(delivery)s, %(delivery_key)s, %(erase_by)s, %(erase_by)s, ''
    ON CONFLICT (registration_id) DO NOTHING
RETURNING registration_id

-- name: keep_until
-- Keep deliveries longer, in one order for everybody; the row of one that is alone with it, with the reason.
WITH kept AS MATERIALIZED (
    SELECT registration_id FROM queueing_holderdetails
     WHERE registration_id = ANY (%(registrations)s) AND delivery_erase_by < %(at)s
     ORDER BY registration_id
       FOR UPDATE
)
UPDATE queueing_holderdetails AS details
   SET delivery_erase_by = %(at)s,
       erase_by = CASE WHEN payee IS NULL AND contact IS NULL THEN %(at)s ELSE erase_by END,
       extended_for = CASE WHEN payee IS NULL AND contact IS NULL THEN %(why)s ELSE extended_for END
  FROM kept
 WHERE details.registration_id = kept.registration_id
RETURNING details.registration_id
