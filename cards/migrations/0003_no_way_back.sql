SET LOCAL lock_timeout = '5s';

-- The lock again, and a program's life only goes on: holders of a closed program were told what they get.
CREATE OR REPLACE FUNCTION cards_program_lock() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state <> 'draft' AND (
        (NEW.code, NEW.currency, NEW.face_value_minor, NEW.card_price_minor, NEW.gift_cost_minor, NEW.cycle_size,
         NEW.payouts_per_cycle, NEW.rule, NEW.terms, NEW.terms_version, NEW.published_at)
        IS DISTINCT FROM
        (OLD.code, OLD.currency, OLD.face_value_minor, OLD.card_price_minor, OLD.gift_cost_minor, OLD.cycle_size,
         OLD.payouts_per_cycle, OLD.rule, OLD.terms, OLD.terms_version, OLD.published_at)
        OR NEW.closes_on < OLD.closes_on OR NEW.claim_days < OLD.claim_days
        OR NEW.purge_delay_days > OLD.purge_delay_days OR NEW.state = 'draft'
        OR (OLD.state = 'closed' AND NEW.state = 'published')
        OR (OLD.state = 'settled' AND NEW.state <> 'settled')
    ) THEN
        RAISE EXCEPTION 'a published program is locked'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'cards_program_locked', TABLE = 'cards_program';
    END IF;
    RETURN NEW;
END $$;
