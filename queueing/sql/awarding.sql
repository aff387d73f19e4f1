-- name: award_drawn
-- Cash for the winners of a draw who stand, once each. What was kept for the verdict alone is now kept for this too.
WITH won AS (
    INSERT INTO queueing_award (registration_id, program_id, source, source_id, place, kind, amount_minor, awarded_at)
    SELECT registration.id, place.program_id, 'draw', %(draw_id)s, place.place, 'cash', won.amount_minor, %(now)s
      FROM unnest(%(registrations)s::bigint[], %(amounts_minor)s::bigint[]) AS won (registration_id, amount_minor)
      JOIN queueing_registration AS registration ON registration.id = won.registration_id
      JOIN queueing_place AS place ON place.registration_id = registration.id AND place.program_id = %(program_id)s
     WHERE registration.withdrawn_at IS NULL AND registration.voided_at IS NULL
     ORDER BY place.place
        ON CONFLICT (registration_id, source_id) WHERE source = 'draw' DO NOTHING
    RETURNING registration_id
), needed AS (
    UPDATE queueing_holderdetails AS details SET kept_for_verdict = FALSE
      FROM won WHERE details.registration_id = won.registration_id AND details.kept_for_verdict
)
SELECT count(*) FROM won;
