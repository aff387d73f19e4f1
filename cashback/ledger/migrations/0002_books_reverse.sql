DROP TRIGGER ledger_account_opens_empty ON ledger_account;
DROP FUNCTION ledger_open();
DROP TRIGGER ledger_transfer_append_only ON ledger_transfer;
DROP FUNCTION ledger_refuse();
DROP TRIGGER ledger_transfer_posts ON ledger_transfer;
DROP FUNCTION ledger_post();
ALTER TABLE ledger_transfer DROP CONSTRAINT ledger_transfer_debit_currency, DROP CONSTRAINT ledger_transfer_credit_currency;
ALTER TABLE ledger_account DROP CONSTRAINT ledger_account_id_currency;
