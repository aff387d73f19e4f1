"""Ten thousand rows of everything, written by the owner in bulk: how many there are is tested, not how they came."""

from django.db import connection

from cards.models import Dealer, Program
from tests.conftest import APPLICATION, OWNER
from tests.factories import make_dealer, make_order, make_program

MANY = 10_000
SEED = """
INSERT INTO cards_order (dealer_id, program_id, cards, amount_minor, currency, product_name, product_specification,
                         state, placed_by_id, placed_at)
SELECT dealer_id, program_id, 10 + n, amount_minor, currency, product_name, product_specification, state,
       placed_by_id, placed_at
  FROM cards_order, generate_series(1, %(many)s) AS n WHERE id = %(order)s;
INSERT INTO cards_batch (program_id, first_number, cards, minted, pin_key_id, printer_key, manifest_sha256,
                         started_at, minted_at)
VALUES (%(program)s, 1, %(many)s * 10, %(many)s * 10, 'k', '', '', now(), now());
INSERT INTO cards_lot (program_id, batch_id, dealer_id, order_id, first_number, last_number, product_name,
                       product_specification, price_minor, cash_reserved_minor, gift_reserved_minor, sold_at)
SELECT %(program)s, (SELECT max(id) FROM cards_batch), %(dealer)s, %(order)s, n * 10 + 1, n * 10 + 10, 'Kettle', '',
       0, 0, 0, now() FROM generate_series(0, %(many)s - 1) AS n;
INSERT INTO cards_card (number, pin_digest)
SELECT n, decode(repeat('00', 32), 'hex') FROM generate_series(1, %(many)s) AS n;
INSERT INTO queueing_signingkey (key_id, public_key, from_at) VALUES ('k', 'k', now());
INSERT INTO queueing_registration (card_id, program_id, lot_id, registered_at, receipt_digest, receipt_generation,
                                   leaf, signature, signing_key_id, language, terms_version)
SELECT n, %(program)s, (SELECT min(id) FROM cards_lot), now(), sha256(n::text::bytea), 0,
       encode(sha256(n::text::bytea), 'hex'), '', 'k', 'en', '1' FROM generate_series(1, %(many)s) AS n;
ANALYZE queueing_registration; ANALYZE cards_lot; ANALYZE cards_order;
"""


def make_large() -> tuple[Dealer, Program]:
    """A dealer of that many orders, lots and registered cards."""
    program, dealer = make_program(), make_dealer()
    order = make_order(program, dealer, 10, paid=False)
    with connection.cursor() as cursor:
        cursor.execute(f'SET LOCAL ROLE "{OWNER}"')
        cursor.execute(SEED, {"many": MANY, "order": order, "program": program.pk, "dealer": dealer.pk})
        cursor.execute(f'SET LOCAL ROLE "{APPLICATION}"')
    return dealer, program
