-- name: insert_transfers
-- Post the transfers of one or many entries; balances follow by trigger, in the same statement.
INSERT INTO ledger_transfer (event, reference, debit_id, credit_id, currency, amount_minor, posted_at)
SELECT event, reference, debit_id, credit_id, currency, amount_minor, %(posted_at)s
  FROM unnest(%(events)s::text[], %(references)s::text[], %(debits)s::bigint[], %(credits)s::bigint[],
              %(currencies)s::text[], %(amounts_minor)s::bigint[])
       AS leg (event, reference, debit_id, credit_id, currency, amount_minor);

-- name: find_accounts
-- The ids of the accounts asked for, as far as they are open.
SELECT account.id, account.kind, account.currency, account.program, account.dealer
  FROM unnest(%(kinds)s::text[], %(currencies)s::text[], %(programs)s::bigint[], %(dealers)s::bigint[])
       AS wanted (kind, currency, program, dealer)
  JOIN ledger_account AS account USING (kind, currency, program, dealer);

-- name: open_accounts
-- Open the accounts that are not there yet; somebody else may be opening them at this moment.
INSERT INTO ledger_account (kind, currency, program, dealer, balance_minor)
SELECT kind, currency, program, dealer, 0
  FROM unnest(%(kinds)s::text[], %(currencies)s::text[], %(programs)s::bigint[], %(dealers)s::bigint[])
       AS wanted (kind, currency, program, dealer)
    ON CONFLICT DO NOTHING;

-- name: balance
-- One account's balance.
SELECT balance_minor FROM ledger_account
 WHERE kind = %(kind)s AND currency = %(currency)s AND program = %(program)s AND dealer = %(dealer)s;

-- name: wrong_balances
-- Accounts whose kept balance is not what their transfers add up to.
SELECT account.id, account.balance_minor, COALESCE(summed.balance_minor, 0)
  FROM ledger_account AS account
  LEFT JOIN (
      SELECT leg.account_id,
             sum(CASE WHEN leg.debit = (holder.kind IN ('bank', 'gift_stock')) THEN leg.amount_minor
                      ELSE -leg.amount_minor END) AS balance_minor
        FROM (
            SELECT debit_id AS account_id, true AS debit, amount_minor FROM ledger_transfer
             UNION ALL
            SELECT credit_id, false, amount_minor FROM ledger_transfer
        ) AS leg
        JOIN ledger_account AS holder ON holder.id = leg.account_id
       GROUP BY leg.account_id
  ) AS summed ON summed.account_id = account.id
 WHERE account.balance_minor <> COALESCE(summed.balance_minor, 0);

-- name: negative_balances
-- Accounts below zero that must not be, and currencies whose own money is.
SELECT 'account ' || id, balance_minor FROM ledger_account
 WHERE balance_minor < 0 AND kind NOT IN ('revenue', 'capital')
 UNION ALL
SELECT 'own money in ' || currency, sum(balance_minor) FROM ledger_account
 WHERE kind IN ('revenue', 'capital') GROUP BY currency HAVING sum(balance_minor) < 0;

-- name: uncovered_currencies
-- Currencies in which bank and gift stock do not cover what is owed or reserved; gift stock counts up to its reserve.
SELECT currency, held_minor, owed_minor FROM (
    SELECT account.currency,
           COALESCE(sum(account.balance_minor) FILTER (WHERE kind = 'bank'), 0) + COALESCE((
               SELECT sum(least(stock.balance_minor, reserve.balance_minor))
                 FROM ledger_account AS stock
                 JOIN ledger_account AS reserve USING (currency, program)
                WHERE stock.kind = 'gift_stock' AND reserve.kind = 'gift_reserve'
                  AND stock.currency = account.currency), 0) AS held_minor,
           COALESCE(sum(account.balance_minor) FILTER (WHERE kind IN (
               'wallet', 'cash_reserve', 'gift_reserve', 'prize_fund', 'payouts_due', 'in_transit')), 0) AS owed_minor
      FROM ledger_account AS account GROUP BY account.currency
) AS sums
 WHERE held_minor < owed_minor;

-- name: wallet_legs
-- The newest legs of some wallets below a key; each arm is a walk down its own partial index.
SELECT id, event, reference, account_id, currency, amount_minor, posted_at
  FROM unnest(%(accounts)s::bigint[]) AS wallet (account_id)
 CROSS JOIN LATERAL (
     (SELECT id, event, reference, currency, amount_minor, posted_at FROM ledger_transfer
       WHERE credit_id = wallet.account_id AND id < %(before)s
         AND event IN ('payment_confirmed', 'lot_sold', 'lot_returned', 'wallet_paid_out', 'correction')
       ORDER BY id DESC LIMIT %(legs)s)
     UNION ALL
     (SELECT id, event, reference, currency, -amount_minor, posted_at FROM ledger_transfer
       WHERE debit_id = wallet.account_id AND id < %(before)s
         AND event IN ('payment_confirmed', 'lot_sold', 'lot_returned', 'wallet_paid_out', 'correction')
       ORDER BY id DESC LIMIT %(legs)s)
 ) AS leg
 ORDER BY id DESC LIMIT %(legs)s;
