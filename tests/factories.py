"""What most tests begin with: people, a published program, cards really minted, dealers, lots really sold.

Everything goes through the verbs that production uses; a test overrides what it is about and leaves the rest.
"""

import hashlib
import io
import itertools
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import dj_database_url
from django.conf import settings
from django.db import connection, transaction
from django.test import override_settings
from django.utils import timezone

from cards import minting, orders, programs
from cards.models import Batch, Dealer, DealerMember, Lot, Program
from cashback.accounts.models import Role, User
from cashback.ledger.models import Event, Kind
from cashback.ledger.posting import AccountKey, Leg, post
from cashback.lib.pins import parse_pin
from cashback.lib.serials import format_serial, parse_serial
from lottery.allotting import allot
from lottery.models import Draw, Prize, Result
from queueing.models import Registration

APPLICATION = dj_database_url.parse(settings.DATABASE_URL)["USER"]
OWNER = dj_database_url.parse(settings.MIGRATION_DATABASE_URL)["USER"]
_NUMBERS = itertools.count(1)
Cards = list[tuple[str, str]]


def make_user(role: str = Role.ORGANIZER, **overrides: Any) -> User:
    """A user without a usable password; organizers, checkers and operators are staff."""
    given = {"username": f"{role}-{next(_NUMBERS)}", "role": role, "is_staff": role != Role.DEALER, **overrides}
    return User.objects.create(**given)


def make_program(*, published: bool = True, now: datetime | None = None, **overrides: Any) -> Program:
    """A program of 50:6 in CNY: face 100.00, price 26.00, gifts of 10.00; passes the gate, closes in a year."""
    now = now or timezone.now()
    given = {
        "code": f"PROGRAM-{next(_NUMBERS)}",
        "name": "Spring",
        "name_zh": "春季",
        "currency": "CNY",
        "face_value_minor": 10_000,
        "card_price_minor": 2_600,
        "gift_cost_minor": 1_000,
        "closes_on": timezone.localdate(now) + timedelta(days=365),
        **overrides,
    }
    program = Program.objects.create(**given)
    return programs.publish(program_id=program.pk, now=now) if published else program


def mint_batch(program: Program, cards: int, *, now: datetime | None = None) -> tuple[Batch, Cards]:
    """A minted batch and its manifest: serial and PIN of each card, in the order of their numbers."""
    manifest = io.BytesIO()
    with override_settings(DEMO=True):
        batch = minting.mint(
            program_id=program.pk, cards=cards, out=manifest, printer_key=None, now=now or timezone.now()
        )
    return batch, read_manifest(manifest.getvalue())


def mint_cards(program: Program, cards: int) -> Cards:
    """Minted cards: (serial, PIN)."""
    return mint_batch(program, cards)[1]


def read_manifest(manifest: bytes) -> Cards:
    """The serials and PINs of a manifest in clear, as they are stored: without dashes."""
    lines = (line.split(",") for line in manifest.decode("ascii").splitlines())
    return [(parse_serial(serial).serial, parse_pin(pin).pin) for serial, pin in lines]


def make_dealer(code: str | None = None, *, member: User | None = None) -> Dealer:
    """A dealer, with one person who signs in for it."""
    code = code or f"DEALER-{next(_NUMBERS)}"
    dealer = Dealer.objects.create(code=code, name=f"{code} Ltd")
    DealerMember.objects.create(user=member or make_user(Role.DEALER), dealer=dealer)
    return dealer


def make_order(program: Program, dealer: Dealer, cards: int, *, paid: bool = True, now: datetime | None = None) -> int:
    """An order's id; paid: two people have confirmed the payment."""
    now = now or timezone.now()
    member = dealer.members.get()
    order = orders.place(
        dealer_id=dealer.pk,
        program_id=program.pk,
        cards=cards,
        product_name="Rice cooker",
        product_specification="5 l",
        placed_by_id=member.user_id,
        now=now,
    )
    if paid:
        orders.prepare_payment(order_id=order.pk, by_id=make_user(Role.ORGANIZER).pk, now=now)
        orders.approve_payment(order_id=order.pk, by_id=make_user(Role.CHECKER).pk, now=now)
    return order.pk


def sell_lots(program: Program, dealer: Dealer, cards: int, *, now: datetime | None = None) -> list[Lot]:
    """Lots of cards that were minted before, sold through order, payment by two people and fulfilment."""
    now = now or timezone.now()
    return orders.fulfil(order_id=make_order(program, dealer, cards, now=now), now=now)


def sell(program: Program, dealer: Dealer, cards: int, *, now: datetime | None = None) -> Cards:
    """Mint that many cards of their own and sell them: (serial, PIN) of each, ready to register."""
    minted = dict(mint_batch(program, cards, now=now)[1])
    sold = [
        format_serial(number)
        for lot in sell_lots(program, dealer, cards, now=now)
        for number in range(lot.first_number, lot.last_number + 1)
    ]
    assert set(sold) <= set(minted), "cards minted before were still free; sell those with sell_lots"
    return [(serial, minted[serial]) for serial in sold]


def sold_cards(cards: int, *, now: datetime | None = None, **overrides: Any) -> tuple[Program, Cards]:
    """A published program of its own with that many sold cards: the shortest way to something to register."""
    program = make_program(now=now, **overrides)
    return program, sell(program, make_dealer(), cards, now=now)


def certified_draw(program: Program, amounts_minor: Mapping[int, int], *, draw_id: int | None = None) -> Draw:
    """A certified draw that awards these amounts, by registration, to who of them stands; its fund is paid in.

    Drawing until just they win would take for ever: the draw and its results are written as its owner could.
    """
    now = timezone.now()
    secret, number = bytes(32), draw_id or next(_NUMBERS) + 1_000
    with transaction.atomic():
        with _without_rules("lottery_draw", "lottery_prize", "lottery_result"):
            draw = Draw.objects.create(
                pk=number,
                code=f"CERTIFIED-{number}",
                program=program,
                name="Certified",
                state="certified",
                fund_minor=sum(amounts_minor.values()),
                **dict.fromkeys(("registered_until", "freezes_at", "frozen_at"), now - timedelta(days=41)),
                **dict.fromkeys(("reveals_at", "revealed_at", "drawn_at", "verified_at"), now - timedelta(days=40)),
                **dict.fromkeys(("announced_at", "certified_at"), now),
                announced_by=make_user(Role.ORGANIZER),
                certified_by=make_user(Role.CHECKER),
                secret=secret,
                commitment=hashlib.sha256(secret).hexdigest(),
                entries=len(amounts_minor),
                pool_hash=hashlib.sha256(b"").hexdigest(),
            )
            for rank, (registration_id, amount_minor) in enumerate(amounts_minor.items()):
                Prize.objects.create(draw=draw, position=rank, name=f"Prize {rank + 1}", amount_minor=amount_minor)
                leaf = Registration.objects.values_list("leaf", flat=True).get(pk=registration_id)
                Result.objects.create(draw=draw, rank=rank, index=rank, registration_id=registration_id, leaf=leaf)
        bank = AccountKey(Kind.BANK, program.currency)
        leg = Leg(bank, AccountKey(Kind.PRIZE_FUND, program.currency, program.pk), draw.fund_minor)
        post(event=Event.PRIZE_FUND_PAID_IN, reference=f"fund:{number}", legs=[leg], now=now)
        allot(draw, range(len(amounts_minor)), now)
    return draw


@contextmanager
def _without_rules(*tables: str) -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(f'SET ROLE "{OWNER}"')
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        yield
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
        cursor.execute(f'SET ROLE "{APPLICATION}"')
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
