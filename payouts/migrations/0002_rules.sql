SET LOCAL lock_timeout = '5s';

-- An award is in at most one register. The three tables cannot share a unique index, so each insert looks at the
-- others. It takes no lock: collecting has its own, and every later move deletes the award's row from the register it
-- leaves, in the same statement, so that of two at once the second finds nothing to move.
CREATE FUNCTION payouts_one_register() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT 1 FROM moved
         WHERE (TG_TABLE_NAME <> 'payouts_pendingpayout'
                AND EXISTS (SELECT 1 FROM payouts_pendingpayout AS other WHERE other.award_id = moved.award_id))
            OR (TG_TABLE_NAME <> 'payouts_refund'
                AND EXISTS (SELECT 1 FROM payouts_refund AS other WHERE other.award_id = moved.award_id))
            OR (TG_TABLE_NAME <> 'payouts_cancelledpayout'
                AND EXISTS (SELECT 1 FROM payouts_cancelledpayout AS other WHERE other.award_id = moved.award_id))
    ) THEN
        RAISE EXCEPTION 'an award is in one register'
            USING ERRCODE = 'unique_violation', CONSTRAINT = 'payouts_one_register', TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER payouts_pendingpayout_one_register AFTER INSERT ON payouts_pendingpayout
    REFERENCING NEW TABLE AS moved FOR EACH STATEMENT EXECUTE FUNCTION payouts_one_register();
CREATE TRIGGER payouts_refund_one_register AFTER INSERT ON payouts_refund
    REFERENCING NEW TABLE AS moved FOR EACH STATEMENT EXECUTE FUNCTION payouts_one_register();
CREATE TRIGGER payouts_cancelledpayout_one_register AFTER INSERT ON payouts_cancelledpayout
    REFERENCING NEW TABLE AS moved FOR EACH STATEMENT EXECUTE FUNCTION payouts_one_register();

ALTER TABLE payouts_bankfile ALTER COLUMN content SET STATISTICS 0, ALTER COLUMN content_key SET STATISTICS 0;
ALTER TABLE payouts_pendingpayout SET (autovacuum_vacuum_scale_factor = 0.02);
