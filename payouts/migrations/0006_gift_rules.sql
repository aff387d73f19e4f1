SET LOCAL lock_timeout = '5s';

-- Stock changes with a move and with nothing else. SECURITY DEFINER: the application may not write it itself.
CREATE FUNCTION payouts_move_stock() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM 1 FROM payouts_offer WHERE id IN (SELECT offer_id FROM moved) ORDER BY id FOR NO KEY UPDATE;
    UPDATE payouts_offer AS offer SET stock = offer.stock + summed.pieces
      FROM (SELECT offer_id, sum(pieces) AS pieces FROM moved GROUP BY offer_id) AS summed
     WHERE offer.id = summed.offer_id;
    RETURN NULL;
END $$;
CREATE TRIGGER payouts_stockmove_moves AFTER INSERT ON payouts_stockmove
    REFERENCING NEW TABLE AS moved FOR EACH STATEMENT EXECUTE FUNCTION payouts_move_stock();

-- An offer begins without stock; it costs no more than the program's gifts may, and always the same once stock was
-- bought, since the books hold the stock at it.
CREATE FUNCTION payouts_check_offer() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    broken text;
BEGIN
    IF TG_OP = 'INSERT' AND (NEW.stock <> 0 OR NEW.reserved <> 0) THEN
        broken := 'payouts_offer_begins_empty';
    ELSIF NEW.cost_minor > (SELECT gift_cost_minor FROM cards_program WHERE id = NEW.program_id) THEN
        broken := 'payouts_offer_cost_within_program';
    ELSIF NEW.substitute_id IS NOT NULL AND NOT EXISTS (
              SELECT 1 FROM payouts_offer AS other WHERE other.id = NEW.substitute_id
                 AND other.program_id = NEW.program_id AND other.by_code = NEW.by_code) THEN
        broken := 'payouts_offer_substitute_alike';
    ELSIF TG_OP = 'UPDATE' AND (OLD.program_id, OLD.cost_minor, OLD.by_code)
                               IS DISTINCT FROM (NEW.program_id, NEW.cost_minor, NEW.by_code)
          AND EXISTS (SELECT 1 FROM payouts_stockmove WHERE offer_id = OLD.id) THEN
        broken := 'payouts_offer_cost_locked';
    END IF;
    IF broken IS NOT NULL THEN
        RAISE EXCEPTION 'an offer cannot be like that'
            USING ERRCODE = 'check_violation', CONSTRAINT = broken, TABLE = 'payouts_offer';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER payouts_offer_written BEFORE INSERT OR UPDATE OF program_id, cost_minor, by_code, substitute_id
    ON payouts_offer FOR EACH ROW EXECUTE FUNCTION payouts_check_offer();

-- A gift begins owed (or lapsed, of a holder who left); only what is ready is handed over; what ended stays ended.
CREATE FUNCTION payouts_refuse_gift() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a gift does not go from % to %', CASE TG_OP WHEN 'UPDATE' THEN OLD.state ELSE 'nothing' END, NEW.state
        USING ERRCODE = 'check_violation', CONSTRAINT = 'payouts_gift_transition', TABLE = 'payouts_gift';
END $$;
CREATE TRIGGER payouts_gift_begins BEFORE INSERT ON payouts_gift FOR EACH ROW
    WHEN (NEW.state NOT IN ('owed', 'lapsed')) EXECUTE FUNCTION payouts_refuse_gift();
CREATE TRIGGER payouts_gift_goes_on BEFORE UPDATE ON payouts_gift FOR EACH ROW
    WHEN (OLD.state IN ('handed_over', 'lapsed')
          OR (OLD.state = 'owed' AND NEW.state = 'handed_over')
          OR (OLD.state = 'owed' AND NEW.state = 'ready' AND NEW.way <> 'code')
          OR (OLD.state <> 'owed' AND NEW.state = 'owed')
          OR (OLD.state = 'chosen' AND NEW.state = 'handed_over'))
    EXECUTE FUNCTION payouts_refuse_gift();

ALTER TABLE payouts_ecode ALTER COLUMN code SET STATISTICS 0, ALTER COLUMN code_key SET STATISTICS 0;
