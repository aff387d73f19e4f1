DROP TRIGGER cards_lot_in_batch ON cards_lot;
DROP FUNCTION cards_lot_in_batch();
ALTER TABLE cards_card DROP CONSTRAINT cards_card_digest_length;
ALTER TABLE cards_lot DROP CONSTRAINT cards_lot_no_overlap;
ALTER TABLE cards_batch DROP CONSTRAINT cards_batch_no_overlap;
DROP TRIGGER cards_program_lock ON cards_program;
DROP FUNCTION cards_program_lock();
ALTER TABLE cards_program DROP CONSTRAINT cards_program_gate;
