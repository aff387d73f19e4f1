-- name: hold_own_money
-- One at a time takes from a currency's own money, so that what is free stays free until it is posted.
SELECT pg_advisory_xact_lock(6, hashtext(%(currency)s));

-- name: own_balances
-- What decides how much of a currency is the organizer's to take: own money, and gift stock against its reserve.
SELECT kind, program, balance_minor FROM ledger_account
 WHERE currency = %(currency)s AND kind IN ('revenue', 'capital', 'gift_stock', 'gift_reserve');
