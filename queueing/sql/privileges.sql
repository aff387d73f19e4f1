-- Append-only: places, cycles, awards and their ends. Erasures may only be signed. Registrations end, freeze and renew receipts.
REVOKE UPDATE, DELETE, TRUNCATE ON queueing_place, queueing_cycle, queueing_award, queueing_endedaward FROM {application};
REVOKE UPDATE, DELETE, TRUNCATE ON queueing_erasure, queueing_timelineevent FROM {application};
GRANT UPDATE (signature, signing_key_id) ON queueing_erasure TO {application};
REVOKE UPDATE, DELETE, TRUNCATE ON queueing_registration FROM {application};
GRANT UPDATE (receipt_digest, receipt_generation, nonce, frozen_at, withdrawn_at, voided_at)
    ON queueing_registration TO {application};
REVOKE DELETE, TRUNCATE ON queueing_line, queueing_keyepoch, queueing_signingkey FROM {application};
