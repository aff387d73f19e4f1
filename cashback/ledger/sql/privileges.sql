-- The books are append-only for the application; balances are written by the trigger's owner.
REVOKE UPDATE, DELETE, TRUNCATE ON ledger_transfer FROM {application};
REVOKE UPDATE, DELETE, TRUNCATE ON ledger_account FROM {application};
REVOKE UPDATE, DELETE, TRUNCATE ON ledger_bookscheck FROM {application};
-- What somebody prepared stays as prepared; only who decided is added.
REVOKE UPDATE, DELETE, TRUNCATE ON ledger_movement FROM {application};
GRANT UPDATE (approved_by_id, approved_at, called_off_by_id, called_off_at) ON ledger_movement TO {application};
