-- name: read_card
-- Read all that decides about a card in one round trip; without the right PIN nothing but that it is not.
SELECT card.number IS NOT NULL AS pin_is_right,
       program.id AS program_id, program.code, program.state, program.terms_version,
       program.closes_on, program.claim_days, program.purge_delay_days,
       lot.id AS lot_id, lot.product_name, lot.product_specification,
       block.id IS NOT NULL AS blocked,
       epoch.id AS epoch_id,
       registration.id AS registration_id, registration.registered_at, registration.nonce, registration.leaf,
       registration.signature, registration.signing_key_id, registration.receipt_generation,
       details.request_digest
  FROM (VALUES (%(number)s::bigint)) AS asked (number)
  LEFT JOIN cards_card AS card ON card.number = asked.number AND card.pin_digest = ANY (%(pin_digests)s::bytea[])
  LEFT JOIN cards_batch AS batch ON batch.numbers @> card.number
  LEFT JOIN cards_program AS program ON program.id = batch.program_id
  LEFT JOIN cards_lot AS lot ON lot.numbers @> card.number AND lot.ended_at IS NULL
  LEFT JOIN cards_block AS block
    ON block.number = card.number AND block.lifted_at IS NULL AND block.approved_at IS NOT NULL
  LEFT JOIN queueing_keyepoch AS epoch ON epoch.retired_at IS NULL
  LEFT JOIN queueing_registration AS registration ON registration.card_id = card.number
  LEFT JOIN queueing_holderdetails AS details ON details.registration_id = registration.id

-- name: enter
-- Come in before the barrier, and only then read the time: nothing at or before the next cut arrives after it.
SELECT pg_advisory_xact_lock_shared(%(line)s::int, %(program_id)s::int),
       pg_advisory_xact_lock_shared(%(keyring)s::int, %(ring)s::int),
       clock_timestamp()

-- name: register
-- Write registration and sealed details, if everything still is as it was read; say what is not.
WITH gate AS (
    SELECT line.cut_at,
           epoch.id IS NOT NULL AS epoch_live,
           block.id IS NOT NULL AS blocked,
           lot.id AS lot_id,
           lot.id IS NOT NULL AND program.state = 'published' AS open
      FROM cards_program AS program
      LEFT JOIN queueing_line AS line ON line.program_id = program.id
      LEFT JOIN cards_lot AS lot ON lot.numbers @> %(number)s::bigint AND lot.ended_at IS NULL
      LEFT JOIN cards_block AS block
        ON block.number = %(number)s::bigint AND block.lifted_at IS NULL AND block.approved_at IS NOT NULL
      LEFT JOIN queueing_keyepoch AS epoch ON epoch.id = %(epoch_id)s::bigint AND epoch.retired_at IS NULL
     WHERE program.id = %(program_id)s::bigint
), known_key AS (
    INSERT INTO queueing_signingkey (key_id, public_key, from_at)
    SELECT %(key_id)s::varchar, %(public_key)s::varchar, %(registered_at)s::timestamptz
     WHERE NOT EXISTS (SELECT FROM queueing_signingkey WHERE key_id = %(key_id)s::varchar)
    ON CONFLICT DO NOTHING
), registration AS (
    INSERT INTO queueing_registration (
        card_id, program_id, lot_id, registered_at, receipt_digest, receipt_generation, nonce, leaf, signature,
        signing_key_id, language, terms_version, product_matches)
    SELECT %(number)s::bigint, %(program_id)s::bigint, gate.lot_id, %(registered_at)s::timestamptz,
           %(receipt_digest)s::bytea, 0, %(nonce)s::bytea, %(leaf)s::varchar, %(signature)s::varchar,
           %(key_id)s::varchar, %(language)s::varchar, %(terms_version)s::varchar, %(product_matches)s::boolean
      FROM gate
     WHERE gate.cut_at < %(registered_at)s::timestamptz AND gate.epoch_live AND gate.open AND NOT gate.blocked
    ON CONFLICT (card_id) DO NOTHING
    RETURNING id
), details AS (
    INSERT INTO queueing_holderdetails (
        registration_id, version, epoch_id, payee, payee_key, payee_fingerprint, contact, contact_key,
        request_digest, erase_by, extended_for)
    SELECT registration.id, 1, %(epoch_id)s::bigint, %(payee)s::bytea, %(payee_key)s::bytea,
           %(payee_fingerprint)s::bytea, %(contact)s::bytea, %(contact_key)s::bytea, %(request_digest)s::bytea,
           %(erase_by)s::timestamptz, ''
      FROM registration
)
SELECT gate.cut_at, gate.epoch_live, gate.blocked, gate.open, registration.id AS registration_id
  FROM gate LEFT JOIN registration ON TRUE
