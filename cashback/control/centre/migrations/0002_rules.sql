SET LOCAL lock_timeout = '5s';

-- A bundle hardly compresses; trying costs more than it saves.
ALTER TABLE centre_version ALTER COLUMN bundle SET STORAGE EXTERNAL;
ALTER TABLE centre_version
    ADD CONSTRAINT centre_version_bundle_is_the_named CHECK (
        octet_length(bundle) = size_bytes AND encode(sha256(bundle), 'hex') = sha256);

CREATE FUNCTION centre_refuse(rule text, what text) RETURNS void LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    RAISE EXCEPTION '%', what USING ERRCODE = 'check_violation', CONSTRAINT = rule;
END $$;

-- A station's key is announced once and accepted as announced; a retired station stays so.
CREATE FUNCTION centre_station_steps() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    step text := OLD.state || ' ' || NEW.state;
BEGIN
    IF NEW.state <> OLD.state AND step NOT IN (
        'invited announced', 'announced accepted', 'invited retired', 'announced retired', 'accepted retired') THEN
        PERFORM centre_refuse('centre_station_steps', format('a station does not go from %s to %s', OLD.state, NEW.state));
    END IF;
    IF NEW.name <> OLD.name OR (NEW.public_key <> OLD.public_key AND OLD.public_key <> '') THEN
        PERFORM centre_refuse('centre_station_keeps', 'a station keeps its name and its key');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER centre_station_steps BEFORE UPDATE ON centre_station
    FOR EACH ROW EXECUTE FUNCTION centre_station_steps();

-- An errand goes forward. What expired at the centre may still be heard of: a station's word on what it did counts.
CREATE FUNCTION centre_errand_steps() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    step text := OLD.state || ' ' || NEW.state;
BEGIN
    IF NEW.state <> OLD.state AND step NOT IN (
        'queued sent', 'queued cancelled', 'queued expired',
        'sent accepted', 'sent running', 'sent done', 'sent failed', 'sent expired',
        'accepted running', 'accepted done', 'accepted failed', 'accepted expired',
        'running done', 'running failed', 'running expired',
        'expired done', 'expired failed') THEN
        PERFORM centre_refuse('centre_errand_steps', format('an errand does not go from %s to %s', OLD.state, NEW.state));
    END IF;
    IF OLD.state = 'expired' AND NEW.state <> 'expired' AND OLD.sent_at IS NULL THEN
        PERFORM centre_refuse('centre_errand_steps', 'what was never sent has no result');
    END IF;
    IF NEW.instruction_id <> OLD.instruction_id OR NEW.station_id <> OLD.station_id
        OR (OLD.sent_at IS NOT NULL AND NEW.sent_at IS DISTINCT FROM OLD.sent_at) THEN
        PERFORM centre_refuse('centre_errand_keeps', 'an errand keeps its instruction, station and first sending');
    END IF;
    IF OLD.state IN ('done', 'failed') AND NEW IS DISTINCT FROM OLD THEN
        PERFORM centre_refuse('centre_errand_keeps', 'a result is not rewritten');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER centre_errand_steps BEFORE UPDATE ON centre_errand
    FOR EACH ROW EXECUTE FUNCTION centre_errand_steps();

-- No result without the station's word: it stands in the table of reports first.
CREATE FUNCTION centre_errand_reported() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM centre_report WHERE errand_id = NEW.id AND sequence = 3) THEN
        PERFORM centre_refuse('centre_errand_reported', 'an errand ends by the report of its station');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER centre_errand_reported BEFORE UPDATE ON centre_errand
    FOR EACH ROW WHEN (NEW.state IN ('done', 'failed') AND OLD.state IS DISTINCT FROM NEW.state)
    EXECUTE FUNCTION centre_errand_reported();

CREATE FUNCTION centre_run_steps() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    step text := OLD.state || ' ' || NEW.state;
BEGIN
    IF NEW.state <> OLD.state AND step NOT IN (
        'queued running', 'queued done', 'queued failed', 'queued expired',
        'running done', 'running failed', 'running expired', 'expired done', 'expired failed') THEN
        PERFORM centre_refuse('centre_run_steps', format('a run does not go from %s to %s', OLD.state, NEW.state));
    END IF;
    IF NEW.version_id <> OLD.version_id OR NEW.input_sha256 <> OLD.input_sha256
        OR (NEW.input IS DISTINCT FROM OLD.input AND NEW.input_swept_at IS NULL) THEN
        PERFORM centre_refuse('centre_run_keeps', 'a run keeps what was asked for');
    END IF;
    IF OLD.state IN ('done', 'failed')
        AND (NEW.output, NEW.errand_id, NEW.error_code) IS DISTINCT FROM (OLD.output, OLD.errand_id, OLD.error_code) THEN
        PERFORM centre_refuse('centre_run_keeps', 'a result is not rewritten');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER centre_run_steps BEFORE UPDATE ON centre_run
    FOR EACH ROW EXECUTE FUNCTION centre_run_steps();

CREATE FUNCTION centre_begins() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF NEW.state <> TG_ARGV[0] THEN
        PERFORM centre_refuse(TG_TABLE_NAME || '_steps', format('a row begins as %s', TG_ARGV[0]));
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER centre_station_begins BEFORE INSERT ON centre_station
    FOR EACH ROW EXECUTE FUNCTION centre_begins('invited');
CREATE TRIGGER centre_errand_begins BEFORE INSERT ON centre_errand
    FOR EACH ROW EXECUTE FUNCTION centre_begins('queued');
CREATE TRIGGER centre_run_begins BEFORE INSERT ON centre_run
    FOR EACH ROW EXECUTE FUNCTION centre_begins('queued');
