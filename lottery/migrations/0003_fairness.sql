SET LOCAL lock_timeout = '5s';

-- Whoever publishes a figure must not know the secret by then: only then has neither side a choice.
CREATE FUNCTION lottery_draw_reveals_last() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM lottery_figure WHERE draw_id = NEW.id AND published_at > NEW.reveals_at) THEN
        PERFORM lottery_refuse('lottery_draw_reveals_last', 'a figure would be published after the secret');
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER lottery_draw_reveals_last AFTER UPDATE ON lottery_draw
    FOR EACH ROW WHEN (OLD.state = 'draft' AND NEW.state = 'announced') EXECUTE FUNCTION lottery_draw_reveals_last();

-- Prizes go to results in order of rank: nobody is passed over but who does not stand any more.
CREATE FUNCTION lottery_allotment_in_order() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    result record;
BEGIN
    SELECT draw_id, rank, registration_id INTO result FROM lottery_result WHERE id = NEW.result_id;
    IF result.rank > 0 AND NOT EXISTS (
        SELECT FROM lottery_result AS before
          JOIN lottery_allotment AS allotment ON allotment.result_id = before.id
         WHERE before.draw_id = result.draw_id AND before.rank = result.rank - 1) THEN
        PERFORM lottery_refuse('lottery_allotment_in_order', 'prizes go to results in the order drawn');
    END IF;
    IF NEW.ended_at IS NOT NULL AND NOT EXISTS (
        SELECT FROM queueing_registration
         WHERE id = result.registration_id AND (withdrawn_at IS NOT NULL OR voided_at IS NOT NULL)) THEN
        PERFORM lottery_refuse('lottery_allotment_of_the_standing', 'who stands is not passed over');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER lottery_allotment_in_order BEFORE INSERT ON lottery_allotment
    FOR EACH ROW EXECUTE FUNCTION lottery_allotment_in_order();

-- A prize passes on only when whoever pays has said that its award will never be paid, and for that reason.
CREATE FUNCTION lottery_allotment_ends_with_its_award() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM queueing_endedaward WHERE award_id = NEW.award_id AND reason = NEW.end_reason) THEN
        PERFORM lottery_refuse('lottery_allotment_ends_with_its_award', 'the award of this prize has not ended');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER lottery_allotment_ends_with_its_award BEFORE UPDATE ON lottery_allotment
    FOR EACH ROW WHEN (OLD.ended_at IS NULL AND NEW.ended_at IS NOT NULL)
    EXECUTE FUNCTION lottery_allotment_ends_with_its_award();
