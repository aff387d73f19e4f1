SET LOCAL lock_timeout = '5s';

INSERT INTO lottery_prizecap (currency, amount_minor) VALUES ('CNY', 5000000);

-- Hexadecimal text hardly compresses, and trying takes longer than everything else a freeze does with it.
ALTER TABLE lottery_piece ALTER COLUMN content SET STORAGE EXTERNAL;
ALTER TABLE lottery_draw
    ALTER COLUMN sealed_secret SET STATISTICS 0, ALTER COLUMN sealed_secret_key SET STATISTICS 0,
    ADD CONSTRAINT lottery_draw_secret_is_the_committed CHECK (
        secret IS NULL OR (octet_length(secret) = 32 AND encode(sha256(secret), 'hex') = commitment));
ALTER TABLE lottery_figure
    ADD CONSTRAINT lottery_figure_beacon_value CHECK (
        CASE WHEN beacon_round IS NULL OR value = '' THEN beacon_signature = ''
             ELSE beacon_signature ~ '^[0-9a-f]{96}$'
                  AND value = encode(sha256(decode(beacon_signature, 'hex')), 'hex') END);

CREATE FUNCTION lottery_refuse(rule text, what text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%', what USING ERRCODE = 'check_violation', CONSTRAINT = rule;
END $$;

-- A draw begins as a draft, and each step may change the columns of that step and no other.
CREATE FUNCTION lottery_draw_begins() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.state <> 'draft' OR NEW.sealed_secret IS NOT NULL OR NEW.fund_approved_by_id IS NOT NULL
        OR coalesce(NEW.frozen_at, NEW.revealed_at, NEW.drawn_at, NEW.verified_at) IS NOT NULL THEN
        PERFORM lottery_refuse('lottery_draw_steps', 'a draw begins as a draft');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER lottery_draw_begins BEFORE INSERT ON lottery_draw
    FOR EACH ROW EXECUTE FUNCTION lottery_draw_begins();

CREATE FUNCTION lottery_draw_steps() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    step text := OLD.state || ' ' || NEW.state;
    sealed text[] := '{sealed_epoch_id,sealed_secret,sealed_secret_key}';
    ending text[] := sealed || '{state,ended_at,ended_by_id,end_reason}'::text[];
    changed text[];
    may text[];
BEGIN
    may := CASE
        WHEN step = 'draft draft' THEN
            '{code,program_id,name,name_zh,about,about_zh,registered_from,registered_until,paid_included,freezes_at,
              reveals_at,reserves,takes_fund_of_id,fund_approved_by_id}'::text[]
        WHEN step = 'draft announced' THEN
            sealed || '{state,fund_minor,commitment,announced_by_id,announced_at}'::text[]
        WHEN step IN ('announced announced', 'frozen frozen') THEN '{sealed_epoch_id,sealed_secret_key}'::text[]
        WHEN step = 'announced frozen' THEN '{state,entries,pool_hash,frozen_at}'::text[]
        WHEN step = 'frozen revealed' THEN sealed || '{state,secret,revealed_at}'::text[]
        WHEN step = 'revealed drawn' THEN '{state,drawn_at}'::text[]
        WHEN step = 'drawn verified' THEN '{state,verified_at}'::text[]
        WHEN step = 'verified certified' THEN '{state,certified_by_id,certified_at}'::text[]
        WHEN step = 'announced void' THEN ending
        WHEN NEW.state = 'not_completed'
             AND OLD.state IN ('announced', 'frozen', 'revealed', 'drawn', 'verified') THEN ending
        ELSE '{}'::text[] END;
    SELECT coalesce(array_agg(was.key), '{}') INTO changed
      FROM jsonb_each(to_jsonb(OLD)) AS was
     WHERE was.value IS DISTINCT FROM to_jsonb(NEW) -> was.key;
    IF NEW.state <> OLD.state AND NOT 'state' = ANY (may) THEN
        PERFORM lottery_refuse('lottery_draw_steps', format('a draw does not go from %s to %s', OLD.state, NEW.state));
    END IF;
    IF NOT changed <@ may THEN
        PERFORM lottery_refuse('lottery_draw_locked', format('a draw that is %s keeps %s', OLD.state, changed));
    END IF;
    IF step = 'draft draft' AND NEW.takes_fund_of_id IS DISTINCT FROM OLD.takes_fund_of_id THEN
        NEW.fund_approved_by_id := NULL;  -- it was another draw's fund that was approved
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER lottery_draw_steps BEFORE UPDATE ON lottery_draw
    FOR EACH ROW EXECUTE FUNCTION lottery_draw_steps();

CREATE FUNCTION lottery_draw_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM lottery_refuse('lottery_draw_locked', 'a draw that was announced is never deleted');
    RETURN NULL;
END $$;
CREATE TRIGGER lottery_draw_stays BEFORE DELETE ON lottery_draw
    FOR EACH ROW WHEN (OLD.state <> 'draft') EXECUTE FUNCTION lottery_draw_stays();

-- What each step needs to be there.
CREATE FUNCTION lottery_draw_announced() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.sealed_secret IS NULL
        OR NEW.fund_minor IS DISTINCT FROM (SELECT sum(amount_minor * count) FROM lottery_prize WHERE draw_id = NEW.id)
        OR NOT EXISTS (SELECT FROM lottery_figure WHERE draw_id = NEW.id)
        OR EXISTS (SELECT FROM lottery_figure WHERE draw_id = NEW.id AND published_at <= NEW.freezes_at) THEN
        PERFORM lottery_refuse('lottery_draw_announced_complete',
            'a draw is announced with a secret, its prizes, and figures that are published after the freeze');
    END IF;
    IF EXISTS (
        SELECT FROM lottery_prize AS prize
          JOIN cards_program AS program ON program.id = NEW.program_id
          LEFT JOIN lottery_prizecap AS cap ON cap.currency = program.currency
         WHERE prize.draw_id = NEW.id AND (cap.amount_minor IS NULL OR prize.amount_minor > cap.amount_minor)) THEN
        PERFORM lottery_refuse('lottery_prize_within_cap', 'a prize is above the cap of its currency');
    END IF;
    IF NEW.takes_fund_of_id IS NOT NULL AND NOT EXISTS (
        SELECT FROM lottery_draw AS earlier
         WHERE earlier.id = NEW.takes_fund_of_id AND earlier.program_id = NEW.program_id AND earlier.fund_minor <= NEW.fund_minor
           AND (earlier.state = 'not_completed' OR earlier.state = 'void' AND earlier.takes_fund_of_id IS NOT NULL)) THEN
        PERFORM lottery_refuse('lottery_draw_fund_left_over', 'only the fund of a draw not completed can be taken');
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER lottery_draw_announced AFTER UPDATE ON lottery_draw
    FOR EACH ROW WHEN (OLD.state = 'draft' AND NEW.state = 'announced') EXECUTE FUNCTION lottery_draw_announced();

CREATE FUNCTION lottery_draw_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    pool record;
BEGIN
    SELECT count(*) AS entries, coalesce(min(index), 0) AS first, coalesce(max(index), -1) AS last INTO pool
      FROM lottery_entry WHERE draw_id = NEW.id;
    IF (pool.entries, pool.first, pool.last) IS DISTINCT FROM (NEW.entries, 0::bigint, NEW.entries - 1)
        OR NOT EXISTS (SELECT FROM lottery_piece WHERE draw_id = NEW.id AND file = 'pool' AND number = 0) THEN
        PERFORM lottery_refuse('lottery_draw_frozen_complete', 'a pool has its entries from 0 on, and its file');
    END IF;
    IF EXISTS (SELECT FROM lottery_figure WHERE draw_id = NEW.id AND published_at <= NEW.frozen_at) THEN
        PERFORM lottery_refuse('lottery_draw_frozen_before_figures', 'a figure may be known at the freeze');
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER lottery_draw_frozen AFTER UPDATE ON lottery_draw
    FOR EACH ROW WHEN (OLD.state = 'announced' AND NEW.state = 'frozen') EXECUTE FUNCTION lottery_draw_frozen();

CREATE FUNCTION lottery_draw_drawn() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    drawn record;
BEGIN
    IF EXISTS (SELECT FROM lottery_figure WHERE draw_id = NEW.id AND confirmed_at IS NULL) THEN
        PERFORM lottery_refuse('lottery_draw_figures_confirmed', 'a figure is missing');
    END IF;
    SELECT count(*) AS results, coalesce(max(rank) + 1, 0) AS ranks INTO drawn
      FROM lottery_result WHERE draw_id = NEW.id;
    IF drawn.results <> drawn.ranks OR drawn.results IS DISTINCT FROM least(
        NEW.entries, NEW.reserves + (SELECT sum(count) FROM lottery_prize WHERE draw_id = NEW.id)) THEN
        PERFORM lottery_refuse('lottery_draw_drawn_complete', 'a draw has a result for each prize and reserve');
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER lottery_draw_drawn AFTER UPDATE ON lottery_draw
    FOR EACH ROW WHEN (OLD.state = 'revealed' AND NEW.state = 'drawn') EXECUTE FUNCTION lottery_draw_drawn();

CREATE FUNCTION lottery_draw_verified() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM lottery_piece WHERE draw_id = NEW.id AND file = 'bundle' AND number = 0) THEN
        PERFORM lottery_refuse('lottery_draw_verified_complete', 'a verified draw has its bundle');
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER lottery_draw_verified AFTER UPDATE ON lottery_draw
    FOR EACH ROW WHEN (OLD.state = 'drawn' AND NEW.state = 'verified') EXECUTE FUNCTION lottery_draw_verified();

-- Prizes are written while the draw is a draft; FOR SHARE lets nobody announce it meanwhile.
CREATE FUNCTION lottery_prize_rules() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    draw record;
    cap bigint;
BEGIN
    FOR draw IN SELECT state, program_id FROM lottery_draw
                 WHERE id IN (CASE WHEN TG_OP <> 'DELETE' THEN NEW.draw_id END,
                              CASE WHEN TG_OP <> 'INSERT' THEN OLD.draw_id END) FOR SHARE LOOP
        IF draw.state <> 'draft' THEN
            PERFORM lottery_refuse('lottery_prize_locked', 'prizes are locked with the announcement');
        END IF;
        IF TG_OP <> 'DELETE' THEN
            SELECT prizecap.amount_minor INTO cap FROM cards_program AS program
              JOIN lottery_prizecap AS prizecap ON prizecap.currency = program.currency
             WHERE program.id = draw.program_id;
            IF cap IS NULL OR NEW.amount_minor > cap THEN
                PERFORM lottery_refuse('lottery_prize_within_cap', 'a prize is above the cap of its currency');
            END IF;
        END IF;
    END LOOP;
    RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER lottery_prize_rules BEFORE INSERT OR UPDATE OR DELETE ON lottery_prize
    FOR EACH ROW EXECUTE FUNCTION lottery_prize_rules();

-- Figures are named in the draft, and have a value once they are published and the pool is frozen; then for ever.
CREATE FUNCTION lottery_figure_rules() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    draw record;
BEGIN
    SELECT state, frozen_at INTO draw FROM lottery_draw
     WHERE id = CASE WHEN TG_OP = 'INSERT' THEN NEW.draw_id ELSE OLD.draw_id END FOR SHARE;
    IF draw.state <> 'draft' AND (TG_OP <> 'UPDATE' OR (NEW.draw_id, NEW.position, NEW.name, NEW.source,
        NEW.published_at, NEW.beacon_round) IS DISTINCT FROM (OLD.draw_id, OLD.position, OLD.name, OLD.source,
        OLD.published_at, OLD.beacon_round)) THEN
        PERFORM lottery_refuse('lottery_figure_locked', 'figures are locked with the announcement');
    END IF;
    IF TG_OP = 'DELETE' THEN
        RETURN OLD;
    END IF;
    IF TG_OP = 'UPDATE' THEN
        IF NEW.draw_id <> OLD.draw_id THEN
            PERFORM lottery_refuse('lottery_figure_locked', 'a figure stays with its draw');
        END IF;
        IF OLD.confirmed_at IS NOT NULL AND NEW IS DISTINCT FROM OLD THEN
            PERFORM lottery_refuse('lottery_figure_final', 'a confirmed figure stays as it is');
        END IF;
        IF NEW.confirmed_at IS NOT NULL AND NEW.beacon_signature = '' AND (NEW.value, NEW.entered_by_id, NEW.entered_at)
            IS DISTINCT FROM (OLD.value, OLD.entered_by_id, OLD.entered_at) THEN
            PERFORM lottery_refuse('lottery_figure_two_steps', 'a figure is entered first and then confirmed');
        END IF;
    END IF;
    IF NEW.value <> '' AND (draw.state NOT IN ('frozen', 'revealed', 'drawn', 'verified', 'certified', 'not_completed')
        OR NEW.entered_at < NEW.published_at OR NEW.entered_at < draw.frozen_at) THEN
        PERFORM lottery_refuse('lottery_figure_too_early', 'a figure is entered after the freeze, once it is published');
    END IF;
    IF draw.state NOT IN ('draft', 'frozen', 'revealed') AND NEW IS DISTINCT FROM OLD THEN
        PERFORM lottery_refuse('lottery_figure_too_late', 'figures are entered before the draw');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER lottery_figure_rules BEFORE INSERT OR UPDATE OR DELETE ON lottery_figure
    FOR EACH ROW EXECUTE FUNCTION lottery_figure_rules();

-- Declarations end once and otherwise stay as written.
CREATE FUNCTION lottery_declaration_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.ended_at IS NOT NULL
        OR to_jsonb(NEW) - '{ended_at,ended_by_id}'::text[] <> to_jsonb(OLD) - '{ended_at,ended_by_id}'::text[] THEN
        PERFORM lottery_refuse('lottery_declaration_stays', 'a declaration ends once and otherwise stays');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER lottery_declaration_stays BEFORE UPDATE ON lottery_declaration
    FOR EACH ROW EXECUTE FUNCTION lottery_declaration_stays();

-- Entries, files and results are written by one statement of one transaction, which must also move the draw on. The
-- first row of each (index, number, rank 0) carries the check at the commit; every statement has to bring that row.
CREATE FUNCTION lottery_draw_is(draws bigint[], wanted text) RETURNS boolean LANGUAGE sql AS $$
    SELECT count(*) = cardinality(draws) AND coalesce(bool_and(state = wanted), true)
      FROM (SELECT state FROM lottery_draw WHERE id = ANY (draws) FOR SHARE) AS held
$$;

CREATE FUNCTION lottery_entry_once() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    draws bigint[];
    begun boolean;
BEGIN
    SELECT coalesce(array_agg(draw_id), '{}'), coalesce(bool_and(first = 0), true) INTO draws, begun
      FROM (SELECT draw_id, min(index) AS first FROM fresh GROUP BY draw_id) AS each;
    IF NOT begun OR NOT lottery_draw_is(draws, 'announced') THEN
        PERFORM lottery_refuse('lottery_entry_once', 'a pool is written once, by the freeze');
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER lottery_entry_once AFTER INSERT ON lottery_entry
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION lottery_entry_once();

CREATE FUNCTION lottery_excluded_once() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    draws bigint[];
BEGIN
    SELECT coalesce(array_agg(DISTINCT draw_id), '{}') INTO draws FROM fresh;
    IF NOT lottery_draw_is(draws, 'announced') OR EXISTS (
        SELECT FROM unnest(draws) AS draw_id WHERE NOT EXISTS (
            SELECT FROM lottery_piece AS piece
             WHERE piece.draw_id = draw_id AND piece.file = 'pool' AND piece.number = 0)) THEN
        PERFORM lottery_refuse('lottery_excluded_once', 'who was kept out is written once, by the freeze');
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER lottery_excluded_once AFTER INSERT ON lottery_excluded
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION lottery_excluded_once();

CREATE FUNCTION lottery_result_once() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    draws bigint[];
    begun boolean;
BEGIN
    SELECT coalesce(array_agg(draw_id), '{}'), coalesce(bool_and(first = 0), true) INTO draws, begun
      FROM (SELECT draw_id, min(rank) AS first FROM fresh GROUP BY draw_id) AS each;
    IF NOT begun OR NOT lottery_draw_is(draws, 'revealed') THEN
        PERFORM lottery_refuse('lottery_result_once', 'a draw is drawn once');
    END IF;
    IF EXISTS (SELECT FROM fresh LEFT JOIN lottery_entry AS entry USING (draw_id, index)
                WHERE (fresh.registration_id, fresh.leaf) IS DISTINCT FROM (entry.registration_id, entry.leaf)) THEN
        PERFORM lottery_refuse('lottery_result_of_the_pool', 'a result is an entry of the pool');
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER lottery_result_once AFTER INSERT ON lottery_result
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION lottery_result_once();

CREATE FUNCTION lottery_piece_in_turn() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT lottery_draw_is(ARRAY[NEW.draw_id], CASE NEW.file WHEN 'pool' THEN 'announced' ELSE 'drawn' END)
        OR (NEW.number > 0 AND NOT EXISTS (
            SELECT FROM lottery_piece
             WHERE draw_id = NEW.draw_id AND file = NEW.file AND number = NEW.number - 1)) THEN
        PERFORM lottery_refuse('lottery_piece_in_turn', 'a file is published once, piece by piece');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER lottery_piece_in_turn BEFORE INSERT ON lottery_piece
    FOR EACH ROW EXECUTE FUNCTION lottery_piece_in_turn();

CREATE FUNCTION lottery_moved_on() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM lottery_draw WHERE id = NEW.draw_id AND state = TG_ARGV[0]) THEN
        PERFORM lottery_refuse(TG_NAME::text, 'what is written of a draw moves it on in the same transaction');
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER lottery_entry_frozen AFTER INSERT ON lottery_entry DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.index = 0) EXECUTE FUNCTION lottery_moved_on('announced');
CREATE CONSTRAINT TRIGGER lottery_piece_frozen AFTER INSERT ON lottery_piece DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.number = 0 AND NEW.file = 'pool') EXECUTE FUNCTION lottery_moved_on('announced');
CREATE CONSTRAINT TRIGGER lottery_piece_verified AFTER INSERT ON lottery_piece DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.number = 0 AND NEW.file = 'bundle') EXECUTE FUNCTION lottery_moved_on('drawn');
CREATE CONSTRAINT TRIGGER lottery_result_drawn AFTER INSERT ON lottery_result DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.rank = 0) EXECUTE FUNCTION lottery_moved_on('revealed');

-- Money leaves a prize fund only for results of a certified draw, with the amount of one of its prizes. A row trigger
-- with a condition: the pass, which writes awards by the ten thousand, pays a comparison a row for it.
CREATE FUNCTION lottery_award_certified() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.kind <> 'cash'
        OR NOT EXISTS (SELECT FROM lottery_draw
                        WHERE id = NEW.source_id AND program_id = NEW.program_id AND state = 'certified')
        -- By registration first (the fence): by draw it would read every result for each, before statistics know better.
        OR NOT EXISTS (SELECT FROM (SELECT draw_id FROM lottery_result
                                     WHERE registration_id = NEW.registration_id OFFSET 0) AS drawn
                        WHERE drawn.draw_id = NEW.source_id)
        OR NOT EXISTS (SELECT FROM lottery_prize
                        WHERE draw_id = NEW.source_id AND amount_minor = NEW.amount_minor) THEN
        PERFORM lottery_refuse('lottery_award_certified', 'a draw awards its prizes to its results once certified');
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER lottery_award_certified AFTER INSERT ON queueing_award
    FOR EACH ROW WHEN (NEW.source = 'draw') EXECUTE FUNCTION lottery_award_certified();

-- ... and only as somebody's prize: by the commit the award is allotted.
CREATE FUNCTION lottery_award_allotted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM lottery_allotment WHERE award_id = NEW.id) THEN
        PERFORM lottery_refuse('lottery_award_allotted', 'an award of a draw is one of its prizes');
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER lottery_award_allotted AFTER INSERT ON queueing_award DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.source = 'draw') EXECUTE FUNCTION lottery_award_allotted();

-- An allotment joins a prize and a result of one certified draw, and the award of just that; it ends once.
CREATE FUNCTION lottery_allotment_fits() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM lottery_draw AS draw
          JOIN lottery_prize AS prize ON prize.draw_id = draw.id AND prize.id = NEW.prize_id
          JOIN lottery_result AS result ON result.draw_id = draw.id AND result.id = NEW.result_id
          LEFT JOIN queueing_award AS award ON award.id = NEW.award_id
         WHERE draw.id = NEW.draw_id AND draw.state = 'certified'
           AND NEW.number >= (SELECT coalesce(sum(count), 0) FROM lottery_prize AS before
                               WHERE before.draw_id = draw.id AND before.position < prize.position)
           AND NEW.number < (SELECT sum(count) FROM lottery_prize AS before
                              WHERE before.draw_id = draw.id AND before.position <= prize.position)
           AND (NEW.award_id IS NULL
                OR (award.source, award.source_id, award.registration_id, award.amount_minor)
                   IS NOT DISTINCT FROM ('draw', draw.id, result.registration_id, prize.amount_minor))) THEN
        PERFORM lottery_refuse('lottery_allotment_fits', 'an allotment is of a prize, a result and their award');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER lottery_allotment_fits BEFORE INSERT ON lottery_allotment
    FOR EACH ROW EXECUTE FUNCTION lottery_allotment_fits();

CREATE FUNCTION lottery_allotment_ends_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.ended_at IS NOT NULL
        OR to_jsonb(NEW) - '{ended_at,end_reason}'::text[] <> to_jsonb(OLD) - '{ended_at,end_reason}'::text[] THEN
        PERFORM lottery_refuse('lottery_allotment_ends_once', 'an allotment ends once and otherwise stays');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER lottery_allotment_ends_once BEFORE UPDATE ON lottery_allotment
    FOR EACH ROW EXECUTE FUNCTION lottery_allotment_ends_once();
