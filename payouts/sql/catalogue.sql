-- name: counters
-- Dealers who were sold cards of a program.
SELECT dealer.code, dealer.name, dealer.address FROM cards_dealer AS dealer
 WHERE dealer.active AND EXISTS (SELECT FROM cards_lot AS lot
                                  WHERE lot.dealer_id = dealer.id AND lot.program_id = %(program)s)
 ORDER BY dealer.code;

-- name: put_picture
-- Keep a picture; the same one twice is one row.
INSERT INTO payouts_picture (sha256, content, width, height)
VALUES (%(sha256)s, %(content)s, %(width)s, %(height)s) ON CONFLICT DO NOTHING;

-- name: add_codes
-- Put sealed codes in, in the order of the list; those that an offer has already are left out.
INSERT INTO payouts_ecode (offer_id, digest, epoch_id, code, code_key)
SELECT %(offer)s, digest, %(epoch)s, code, code_key
  FROM unnest(%(digests)s::bytea[], %(codes)s::bytea[], %(keys)s::bytea[]) WITH ORDINALITY
       AS sealed (digest, code, code_key, position)
 ORDER BY position
    ON CONFLICT DO NOTHING;

-- name: codes_sealed_under
-- How many e-codes are sealed under an epoch.
SELECT count(*) FROM payouts_ecode WHERE epoch_id = %(epoch)s;

-- name: codes_to_rewrap
-- Keys of e-codes that are wrapped under a retired epoch, locked.
SELECT code.id, code.epoch_id, code.code_key FROM payouts_ecode AS code
  JOIN queueing_keyepoch AS epoch ON epoch.id = code.epoch_id
 WHERE epoch.retired_at IS NOT NULL
 ORDER BY code.id LIMIT %(codes_max)s FOR NO KEY UPDATE OF code SKIP LOCKED;
