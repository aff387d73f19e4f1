DROP TRIGGER lottery_allotment_ends_with_its_award ON lottery_allotment;
DROP TRIGGER lottery_allotment_in_order ON lottery_allotment;
DROP TRIGGER lottery_draw_reveals_last ON lottery_draw;
DROP FUNCTION lottery_allotment_ends_with_its_award();
DROP FUNCTION lottery_allotment_in_order();
DROP FUNCTION lottery_draw_reveals_last();
