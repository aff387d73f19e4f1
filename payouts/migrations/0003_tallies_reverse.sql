SET LOCAL lock_timeout = '5s';

DROP TRIGGER payouts_pendingpayout_kept ON payouts_pendingpayout;
DROP TRIGGER payouts_gift_is ON payouts_gift;
DROP TRIGGER payouts_gift_was ON payouts_gift;
DROP TRIGGER payouts_gift_came ON payouts_gift;
DROP TRIGGER payouts_refund_went ON payouts_refund;
DROP TRIGGER payouts_refund_came ON payouts_refund;
DROP TRIGGER payouts_pendingpayout_went ON payouts_pendingpayout;
DROP TRIGGER payouts_pendingpayout_came ON payouts_pendingpayout;
DROP FUNCTION payouts_amount_kept();
DROP FUNCTION payouts_count_gifts();
DROP FUNCTION payouts_count_refunded();
DROP FUNCTION payouts_count_pending();
