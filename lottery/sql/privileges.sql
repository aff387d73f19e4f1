-- What was frozen, drawn and published is never rewritten; a draw, its prizes and figures change by their rules alone.
REVOKE UPDATE, DELETE, TRUNCATE ON lottery_entry, lottery_excluded, lottery_piece, lottery_result FROM {application};
REVOKE DELETE, TRUNCATE ON lottery_allotment, lottery_declaration FROM {application};
REVOKE TRUNCATE ON lottery_draw, lottery_prize, lottery_figure FROM {application};
