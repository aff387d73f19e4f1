DROP TRIGGER lottery_award_certified ON queueing_award;
DROP TRIGGER lottery_award_allotted ON queueing_award;
DROP TRIGGER lottery_draw_begins ON lottery_draw;
DROP TRIGGER lottery_draw_steps ON lottery_draw;
DROP TRIGGER lottery_draw_stays ON lottery_draw;
DROP TRIGGER lottery_draw_announced ON lottery_draw;
DROP TRIGGER lottery_draw_frozen ON lottery_draw;
DROP TRIGGER lottery_draw_drawn ON lottery_draw;
DROP TRIGGER lottery_draw_verified ON lottery_draw;
DROP TRIGGER lottery_prize_rules ON lottery_prize;
DROP TRIGGER lottery_figure_rules ON lottery_figure;
DROP TRIGGER lottery_declaration_stays ON lottery_declaration;
DROP TRIGGER lottery_entry_once ON lottery_entry;
DROP TRIGGER lottery_entry_frozen ON lottery_entry;
DROP TRIGGER lottery_excluded_once ON lottery_excluded;
DROP TRIGGER lottery_result_once ON lottery_result;
DROP TRIGGER lottery_result_drawn ON lottery_result;
DROP TRIGGER lottery_piece_in_turn ON lottery_piece;
DROP TRIGGER lottery_piece_frozen ON lottery_piece;
DROP TRIGGER lottery_piece_verified ON lottery_piece;
DROP TRIGGER lottery_allotment_fits ON lottery_allotment;
DROP TRIGGER lottery_allotment_ends_once ON lottery_allotment;
DROP FUNCTION lottery_award_certified, lottery_award_allotted, lottery_draw_begins, lottery_draw_steps, lottery_draw_stays,
    lottery_draw_announced, lottery_draw_frozen, lottery_draw_drawn, lottery_draw_verified, lottery_prize_rules,
    lottery_figure_rules, lottery_declaration_stays, lottery_entry_once, lottery_excluded_once, lottery_result_once,
    lottery_piece_in_turn, lottery_moved_on, lottery_allotment_fits, lottery_allotment_ends_once, lottery_draw_is,
    lottery_refuse;
ALTER TABLE lottery_figure DROP CONSTRAINT lottery_figure_beacon_value;
ALTER TABLE lottery_draw DROP CONSTRAINT lottery_draw_secret_is_the_committed;
ALTER TABLE lottery_piece ALTER COLUMN content SET STORAGE EXTENDED;
DELETE FROM lottery_prizecap WHERE currency = 'CNY';
