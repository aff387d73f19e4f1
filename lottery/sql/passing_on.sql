-- Prizes whose awards ended.

-- name: draws_with_ended_awards
-- Certified draws in which somebody still has a prize whose award will not be paid.
SELECT DISTINCT allotment.draw_id
  FROM queueing_endedaward AS ended
  JOIN lottery_allotment AS allotment ON allotment.award_id = ended.award_id AND allotment.ended_at IS NULL
 ORDER BY allotment.draw_id;
