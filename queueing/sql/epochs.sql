-- name: retired_keys
-- The next wrapped keys of another epoch than the current one; a row that somebody else holds is passed over.
SELECT registration_id, epoch_id, payee_key, contact_key, delivery_key FROM queueing_holderdetails
 WHERE registration_id > %(after)s AND epoch_id <> %(to_epoch)s
 ORDER BY registration_id LIMIT %(limit)s FOR UPDATE SKIP LOCKED;

-- name: put_keys
-- Put the same keys in, wrapped under the current epoch.
UPDATE queueing_holderdetails AS details
   SET epoch_id = %(to_epoch)s, payee_key = rewrapped.payee_key, contact_key = rewrapped.contact_key,
       delivery_key = rewrapped.delivery_key
  FROM unnest(%(registrations)s::bigint[], %(payee_keys)s::bytea[], %(contact_keys)s::bytea[],
              %(delivery_keys)s::bytea[])
       AS rewrapped (registration_id, payee_key, contact_key, delivery_key)
 WHERE details.registration_id = rewrapped.registration_id;
