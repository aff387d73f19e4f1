SET LOCAL lock_timeout = '5s';

-- The registers' figures follow every statement that writes them. SECURITY DEFINER: the application may read tallies
-- and not write them. The sign is the trigger's argument: 1 for rows that came, -1 for rows that went.
CREATE FUNCTION payouts_count_pending() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO payouts_tally AS tally (program_id, pending, pending_minor, refunded, refunded_minor, gifts_owed)
    SELECT program_id, TG_ARGV[0]::int * count(*), TG_ARGV[0]::int * sum(amount_minor), 0, 0, 0
      FROM moved GROUP BY program_id ORDER BY program_id
        ON CONFLICT (program_id) DO UPDATE
       SET pending = tally.pending + excluded.pending, pending_minor = tally.pending_minor + excluded.pending_minor;
    RETURN NULL;
END $$;
CREATE FUNCTION payouts_count_refunded() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO payouts_tally AS tally (program_id, pending, pending_minor, refunded, refunded_minor, gifts_owed)
    SELECT program_id, 0, 0, TG_ARGV[0]::int * count(*), TG_ARGV[0]::int * sum(amount_minor), 0
      FROM moved GROUP BY program_id ORDER BY program_id
        ON CONFLICT (program_id) DO UPDATE
       SET refunded = tally.refunded + excluded.refunded,
           refunded_minor = tally.refunded_minor + excluded.refunded_minor;
    RETURN NULL;
END $$;
CREATE FUNCTION payouts_count_gifts() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO payouts_tally AS tally (program_id, pending, pending_minor, refunded, refunded_minor, gifts_owed)
    SELECT program_id, 0, 0, 0, 0,
           TG_ARGV[0]::int * count(*) FILTER (WHERE state NOT IN ('handed_over', 'lapsed'))
      FROM moved GROUP BY program_id ORDER BY program_id
        ON CONFLICT (program_id) DO UPDATE SET gifts_owed = tally.gifts_owed + excluded.gifts_owed;
    RETURN NULL;
END $$;

CREATE TRIGGER payouts_pendingpayout_came AFTER INSERT ON payouts_pendingpayout
    REFERENCING NEW TABLE AS moved FOR EACH STATEMENT EXECUTE FUNCTION payouts_count_pending('1');
CREATE TRIGGER payouts_pendingpayout_went AFTER DELETE ON payouts_pendingpayout
    REFERENCING OLD TABLE AS moved FOR EACH STATEMENT EXECUTE FUNCTION payouts_count_pending('-1');
CREATE TRIGGER payouts_refund_came AFTER INSERT ON payouts_refund
    REFERENCING NEW TABLE AS moved FOR EACH STATEMENT EXECUTE FUNCTION payouts_count_refunded('1');
CREATE TRIGGER payouts_refund_went AFTER DELETE ON payouts_refund
    REFERENCING OLD TABLE AS moved FOR EACH STATEMENT EXECUTE FUNCTION payouts_count_refunded('-1');
CREATE TRIGGER payouts_gift_came AFTER INSERT ON payouts_gift
    REFERENCING NEW TABLE AS moved FOR EACH STATEMENT EXECUTE FUNCTION payouts_count_gifts('1');
CREATE TRIGGER payouts_gift_was AFTER UPDATE ON payouts_gift
    REFERENCING OLD TABLE AS moved FOR EACH STATEMENT EXECUTE FUNCTION payouts_count_gifts('-1');
CREATE TRIGGER payouts_gift_is AFTER UPDATE ON payouts_gift
    REFERENCING NEW TABLE AS moved FOR EACH STATEMENT EXECUTE FUNCTION payouts_count_gifts('1');

-- What a payout owes never changes while it moves; a returned payment comes back with the amount that was paid.
CREATE FUNCTION payouts_amount_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a payout keeps its award, amount and place'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'payouts_pendingpayout_kept', TABLE = TG_TABLE_NAME;
END $$;
CREATE TRIGGER payouts_pendingpayout_kept BEFORE UPDATE ON payouts_pendingpayout FOR EACH ROW
    WHEN ((OLD.award_id, OLD.registration_id, OLD.program_id, OLD.amount_minor, OLD.currency, OLD.place)
          IS DISTINCT FROM
          (NEW.award_id, NEW.registration_id, NEW.program_id, NEW.amount_minor, NEW.currency, NEW.place))
    EXECUTE FUNCTION payouts_amount_kept();
