-- Cards are never changed; batches and lots only move forward in the columns named.
REVOKE UPDATE, DELETE, TRUNCATE ON cards_card FROM {application};
REVOKE UPDATE, DELETE, TRUNCATE ON cards_batch FROM {application};
GRANT UPDATE (minted, minted_at, manifest_sha256) ON cards_batch TO {application};
REVOKE UPDATE, DELETE, TRUNCATE ON cards_lot FROM {application};
GRANT UPDATE (ended_at) ON cards_lot TO {application};
REVOKE DELETE, TRUNCATE ON cards_program FROM {application};
-- What was ordered stays as placed, and a block as asked for; each step names its person and time.
REVOKE UPDATE, DELETE, TRUNCATE ON cards_order, cards_block FROM {application};
GRANT UPDATE (state, payment_prepared_by_id, payment_prepared_at, payment_approved_by_id, paid_at, fulfilled_at,
              cancelled_at) ON cards_order TO {application};
GRANT UPDATE (approved_by_id, approved_at, lift_prepared_by_id, lifted_by_id, lifted_at) ON cards_block
    TO {application};
REVOKE DELETE, TRUNCATE ON cards_dealer FROM {application};
-- What somebody prepared stays as prepared; only who decided is added.
REVOKE UPDATE, DELETE, TRUNCATE ON cards_walletpayout FROM {application};
GRANT UPDATE (approved_by_id, approved_at, called_off_by_id, called_off_at) ON cards_walletpayout TO {application};
