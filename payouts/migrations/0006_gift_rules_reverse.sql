SET LOCAL lock_timeout = '5s';

ALTER TABLE payouts_ecode ALTER COLUMN code SET STATISTICS -1, ALTER COLUMN code_key SET STATISTICS -1;
DROP TRIGGER payouts_gift_goes_on ON payouts_gift;
DROP TRIGGER payouts_gift_begins ON payouts_gift;
DROP FUNCTION payouts_refuse_gift();
DROP TRIGGER payouts_offer_written ON payouts_offer;
DROP FUNCTION payouts_check_offer();
DROP TRIGGER payouts_stockmove_moves ON payouts_stockmove;
DROP FUNCTION payouts_move_stock();
