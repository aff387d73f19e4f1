-- What always holds of draws, as questions that find what does not.

-- name: stray_awards
-- Awards of draws that no prize stands behind, or another result or amount than theirs.
SELECT award.id
  FROM cards_program AS program
  JOIN queueing_award AS award ON award.program_id = program.id AND award.source = 'draw'
  LEFT JOIN lottery_allotment AS allotment ON allotment.award_id = award.id
  LEFT JOIN lottery_result AS result ON result.id = allotment.result_id
  LEFT JOIN lottery_prize AS prize ON prize.id = allotment.prize_id
  LEFT JOIN lottery_draw AS draw ON draw.id = allotment.draw_id
 WHERE (award.source_id, award.registration_id, award.amount_minor, draw.state)
       IS DISTINCT FROM (allotment.draw_id, result.registration_id, prize.amount_minor, 'certified');

-- name: lost_prizes
-- Certified draws in which not each prize is somebody's or was not awarded.
SELECT draw.code, prizes.count, living.count + unawarded.count
  FROM lottery_draw AS draw
 CROSS JOIN LATERAL (
     SELECT coalesce(sum(prize.count), 0) AS count FROM lottery_prize AS prize WHERE prize.draw_id = draw.id) AS prizes
 CROSS JOIN LATERAL (
     SELECT count(*) FROM lottery_allotment AS allotment
      WHERE allotment.draw_id = draw.id AND allotment.ended_at IS NULL) AS living
 CROSS JOIN LATERAL (
     SELECT count(*) FROM ledger_transfer AS transfer
      WHERE transfer.event = 'prize_not_awarded' AND transfer.reference >= 'draw:' || draw.id || ':'
        AND transfer.reference < 'draw:' || draw.id || ';') AS unawarded
 WHERE draw.state = 'certified' AND prizes.count <> living.count + unawarded.count;

-- name: late_prizes
-- Prizes whose winners will not be paid and that were not passed on in time.
SELECT draw.code, allotment.number
  FROM queueing_endedaward AS ended
  JOIN lottery_allotment AS allotment ON allotment.award_id = ended.award_id AND allotment.ended_at IS NULL
  JOIN lottery_draw AS draw ON draw.id = allotment.draw_id
 WHERE ended.ended_at < %(before)s;

-- name: under_way
-- Draws whose step was due and was not taken, by id and state; a freeze may wait for the line a while.
SELECT draw.code, draw.state FROM lottery_draw AS draw
 WHERE (draw.state = 'frozen' AND draw.reveals_at < %(before)s)
    OR (draw.state = 'drawn' AND draw.drawn_at < %(before)s)
    OR (draw.state IN ('announced', 'frozen', 'revealed', 'drawn', 'verified')
        AND draw.reveals_at + %(certified_within)s < %(before)s);
