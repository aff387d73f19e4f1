SET LOCAL lock_timeout = '5s';

-- Both sides of a transfer are of its currency.
ALTER TABLE ledger_account ADD CONSTRAINT ledger_account_id_currency UNIQUE (id, currency);
ALTER TABLE ledger_transfer
    ADD CONSTRAINT ledger_transfer_debit_currency FOREIGN KEY (debit_id, currency) REFERENCES ledger_account (id, currency),
    ADD CONSTRAINT ledger_transfer_credit_currency FOREIGN KEY (credit_id, currency) REFERENCES ledger_account (id, currency);

-- Balances follow the transfers of one statement. Accounts are locked in the order of their ids, so that two
-- postings never wait for each other in a circle. SECURITY DEFINER: the application may not write balances itself.
CREATE FUNCTION ledger_post() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    short record;
BEGIN
    PERFORM 1 FROM ledger_account
     WHERE id IN (SELECT debit_id FROM posted UNION SELECT credit_id FROM posted)
        OR (kind IN ('revenue', 'capital') AND currency IN (
            SELECT posted.currency FROM posted JOIN ledger_account AS own ON own.id IN (posted.debit_id, posted.credit_id)
             WHERE own.kind IN ('revenue', 'capital')))
     ORDER BY id FOR NO KEY UPDATE;
    UPDATE ledger_account AS account
       SET balance_minor = account.balance_minor
           + CASE WHEN account.kind IN ('bank', 'gift_stock') THEN moved.debit_minor - moved.credit_minor
                  ELSE moved.credit_minor - moved.debit_minor END
      FROM (
          SELECT account_id, sum(debit_minor) AS debit_minor, sum(credit_minor) AS credit_minor
            FROM (
                SELECT debit_id AS account_id, amount_minor AS debit_minor, 0 AS credit_minor FROM posted
                UNION ALL
                SELECT credit_id, 0, amount_minor FROM posted
            ) AS leg
           GROUP BY account_id
      ) AS moved
     WHERE account.id = moved.account_id;
    -- Revenue and capital together are the organizer's own money; below zero it would be somebody else's.
    IF EXISTS (SELECT 1 FROM posted JOIN ledger_account AS side ON side.id IN (posted.debit_id, posted.credit_id)
                WHERE side.kind IN ('revenue', 'capital')) THEN
        SELECT currency, sum(balance_minor) AS own_minor INTO short
          FROM ledger_account
         WHERE kind IN ('revenue', 'capital') AND currency IN (SELECT currency FROM posted)
         GROUP BY currency HAVING sum(balance_minor) < 0 LIMIT 1;
        IF FOUND THEN
            RAISE EXCEPTION 'revenue and capital in % would be %', short.currency, short.own_minor
                USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_own_money_not_negative',
                      TABLE = 'ledger_account';
        END IF;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER ledger_transfer_posts AFTER INSERT ON ledger_transfer
    REFERENCING NEW TABLE AS posted FOR EACH STATEMENT EXECUTE FUNCTION ledger_post();

-- Append-only for everybody, the owner included.
CREATE FUNCTION ledger_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'transfers are corrected by new entries, never changed'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_transfer_append_only', TABLE = 'ledger_transfer';
END $$;
CREATE TRIGGER ledger_transfer_append_only BEFORE UPDATE OR DELETE ON ledger_transfer
    FOR EACH ROW EXECUTE FUNCTION ledger_refuse();

-- An account is opened empty.
ALTER TABLE ledger_account ALTER COLUMN balance_minor SET DEFAULT 0;
CREATE FUNCTION ledger_open() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.balance_minor := 0;
    RETURN NEW;
END $$;
CREATE TRIGGER ledger_account_opens_empty BEFORE INSERT ON ledger_account
    FOR EACH ROW EXECUTE FUNCTION ledger_open();
