SET LOCAL lock_timeout = '5s';

-- Personal data stands sealed in one table; its statistics would be a second store.
ALTER TABLE queueing_holderdetails
    ALTER COLUMN payee SET STATISTICS 0, ALTER COLUMN payee_key SET STATISTICS 0,
    ALTER COLUMN payee_fingerprint SET STATISTICS 0, ALTER COLUMN contact SET STATISTICS 0,
    ALTER COLUMN contact_key SET STATISTICS 0, ALTER COLUMN request_digest SET STATISTICS 0;
ALTER TABLE queueing_holderdetails SET (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02);

ALTER TABLE queueing_registration
    ADD CONSTRAINT queueing_registration_digest_length CHECK (octet_length(receipt_digest) = 32),
    ADD CONSTRAINT queueing_registration_nonce_length CHECK (nonce IS NULL OR octet_length(nonce) = 32);

-- A registration is one for ever: an end is never undone, nor its nonce replaced.
CREATE FUNCTION queueing_registration_final() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.withdrawn_at IS NOT NULL AND NEW.withdrawn_at IS DISTINCT FROM OLD.withdrawn_at)
        OR (OLD.voided_at IS NOT NULL AND NEW.voided_at IS DISTINCT FROM OLD.voided_at)
        OR (NEW.nonce IS NOT NULL AND NEW.nonce IS DISTINCT FROM OLD.nonce) THEN
        RAISE EXCEPTION 'a registration ends once'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'queueing_registration_final',
                  TABLE = 'queueing_registration';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER queueing_registration_final BEFORE UPDATE ON queueing_registration
    FOR EACH ROW EXECUTE FUNCTION queueing_registration_final();

-- The line only moves forward.
CREATE FUNCTION queueing_line_forward() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.cut_at < OLD.cut_at OR NEW.placed < OLD.placed OR NEW.cycles_closed < OLD.cycles_closed
        OR NEW.paid_through < OLD.paid_through OR (NEW.head_at, NEW.head_id) < (OLD.head_at, OLD.head_id) THEN
        RAISE EXCEPTION 'a line only moves forward'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'queueing_line_forward', TABLE = 'queueing_line';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER queueing_line_forward BEFORE UPDATE ON queueing_line
    FOR EACH ROW EXECUTE FUNCTION queueing_line_forward();

-- An erasure is signed once and otherwise stays as written.
CREATE FUNCTION queueing_erasure_final() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.signature <> '' OR (NEW.registration_id, NEW.at, NEW.what, NEW.why, NEW.backups_until)
        IS DISTINCT FROM (OLD.registration_id, OLD.at, OLD.what, OLD.why, OLD.backups_until) THEN
        RAISE EXCEPTION 'an erasure stays as it was written'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'queueing_erasure_final', TABLE = 'queueing_erasure';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER queueing_erasure_final BEFORE UPDATE ON queueing_erasure
    FOR EACH ROW EXECUTE FUNCTION queueing_erasure_final();
