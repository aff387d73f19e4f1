-- The books are append-only for the application; balances are written by the trigger's owner.
REVOKE UPDATE, DELETE, TRUNCATE ON ledger_transfer FROM {application};
REVOKE UPDATE, DELETE, TRUNCATE ON ledger_account FROM {application};
REVOKE UPDATE, DELETE, TRUNCATE ON ledger_bookscheck FROM {application};
