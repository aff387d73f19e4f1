SET LOCAL lock_timeout = '5s';

-- The gate: the price of every card covers its share of six payouts and of the gifts, before it can be sold.
ALTER TABLE cards_program ADD CONSTRAINT cards_program_gate CHECK (
    state = 'draft' OR (
        face_value_minor >= gift_cost_minor
        AND card_price_minor >=
            (payouts_per_cycle * face_value_minor + cycle_size - 1) / cycle_size
          + ((cycle_size - CASE WHEN rule = 'cohort' THEN payouts_per_cycle ELSE 0 END) * gift_cost_minor
             + cycle_size - 1) / cycle_size
    )
);

-- The lock: what was published is kept; the closing date only moves later, the claim only grows.
CREATE FUNCTION cards_program_lock() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state <> 'draft' AND (
        (NEW.code, NEW.currency, NEW.face_value_minor, NEW.card_price_minor, NEW.gift_cost_minor, NEW.cycle_size,
         NEW.payouts_per_cycle, NEW.rule, NEW.terms, NEW.terms_version, NEW.published_at)
        IS DISTINCT FROM
        (OLD.code, OLD.currency, OLD.face_value_minor, OLD.card_price_minor, OLD.gift_cost_minor, OLD.cycle_size,
         OLD.payouts_per_cycle, OLD.rule, OLD.terms, OLD.terms_version, OLD.published_at)
        OR NEW.closes_on < OLD.closes_on OR NEW.claim_days < OLD.claim_days
        OR NEW.purge_delay_days > OLD.purge_delay_days OR NEW.state = 'draft'
    ) THEN
        RAISE EXCEPTION 'a published program is locked'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'cards_program_locked', TABLE = 'cards_program';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER cards_program_lock BEFORE UPDATE ON cards_program
    FOR EACH ROW EXECUTE FUNCTION cards_program_lock();

ALTER TABLE cards_batch ADD CONSTRAINT cards_batch_no_overlap EXCLUDE USING gist (numbers WITH &&);
ALTER TABLE cards_lot ADD CONSTRAINT cards_lot_no_overlap EXCLUDE USING gist (numbers WITH &&) WHERE (ended_at IS NULL);
ALTER TABLE cards_card ADD CONSTRAINT cards_card_digest_length CHECK (octet_length(pin_digest) = 32);
ALTER TABLE cards_card ALTER COLUMN pin_digest SET STORAGE PLAIN, ALTER COLUMN pin_digest SET STATISTICS 0;

-- A lot lies in its minted batch, of its program, and an ended lot stays ended.
CREATE FUNCTION cards_lot_in_batch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' AND NOT EXISTS (
        SELECT 1 FROM cards_batch
         WHERE id = NEW.batch_id AND program_id = NEW.program_id AND minted_at IS NOT NULL
           AND int8range(NEW.first_number, NEW.last_number + 1) <@ numbers) THEN
        RAISE EXCEPTION 'a lot lies in a minted batch of its program'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'cards_lot_in_batch', TABLE = 'cards_lot';
    END IF;
    IF TG_OP = 'UPDATE' AND OLD.ended_at IS NOT NULL THEN
        RAISE EXCEPTION 'an ended lot stays ended'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'cards_lot_ended_once', TABLE = 'cards_lot';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER cards_lot_in_batch BEFORE INSERT OR UPDATE ON cards_lot
    FOR EACH ROW EXECUTE FUNCTION cards_lot_in_batch();
