-- name: copy_cards
-- Take in printed cards; ten times a multi-row INSERT, and each card needs no look-up of its own.
COPY cards_card (number, pin_digest) FROM STDIN WITH (FORMAT binary);
