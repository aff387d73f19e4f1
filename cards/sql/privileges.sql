-- Cards are never changed; batches and lots only move forward in the columns named.
REVOKE UPDATE, DELETE, TRUNCATE ON cards_card FROM {application};
REVOKE UPDATE, DELETE, TRUNCATE ON cards_batch FROM {application};
GRANT UPDATE (minted, minted_at, manifest_sha256) ON cards_batch TO {application};
REVOKE UPDATE, DELETE, TRUNCATE ON cards_lot FROM {application};
GRANT UPDATE (ended_at) ON cards_lot TO {application};
REVOKE DELETE, TRUNCATE ON cards_program FROM {application};
REVOKE DELETE, TRUNCATE ON cards_order FROM {application};
