"""Found the demo: people who sign in, a published program, dealers with lots of sold cards, cards to try and to sell.

Every step looks first whether it was done, so a founding that was cut short is finished by the next one.
"""

import io
import json
import os
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from knox.models import AuthToken

from cards import minting, orders, programs
from cards.models import Dealer, DealerMember, Lot, Order, Program
from cashback.accounts.models import Role, User
from cashback.demo import gifts
from cashback.lib.pins import parse_pin
from cashback.lib.serials import parse_serial

CODE = "SPRING-TEA"
CARDS_TO_TRY = 1_200
CARDS_OF_TRAFFIC = 1_800
CARDS_UNSOLD = 300
DEALERS = (
    ("CITY-TEA", "City Tea House 城市茶馆", "12 Invented Street 虚构街 12 号", "Spring tea 春茶", "250 g tin"),
    ("GREEN-LEAF", "Green Leaf Stores 绿叶商店", "5 Market Square 集市广场 5 号", "Green tea 绿茶", "100 g bag"),
    ("LOTUS", "Lotus Trading 莲花贸易", "88 Harbour Road 海港路 88 号", "Gift box 礼盒", "6 x 50 g"),
)
TERMS = (
    "Every fifty registered cards, six are paid their face value in order of registration; the others get a gift. "
    "每登记五十张卡，按登记顺序前六张返还面值，其余获得礼品。"
)


@dataclass(frozen=True)
class Files:
    """Where the demo writes what a person needs to try it; both are readable by the owner alone."""

    folder: Path

    @property
    def demo(self) -> Path:
        """Log-ins and cards to try."""
        return self.folder / "demo.json"

    @property
    def traffic(self) -> Path:
        """The cards that the demo's own traffic registers."""
        return self.folder / "demo-traffic.json"

    @property
    def unsold(self) -> Path:
        """The cards that nobody has bought yet: whoever plays dealer gets the first of them and needs their PINs."""
        return self.folder / "demo-unsold.json"


def found(*, files: Files, url: str, now: datetime) -> bool:
    """Found the demo; True if there was anything to do. Leaves a database with another program alone."""
    if files.demo.exists() or Program.objects.exclude(code=CODE).exists():
        return False
    program = _program(now)
    log_ins = {name: _person(name, Role(name)) for name in ("organizer", "checker")}
    dealers = [_dealer(code, name, address) for code, name, address, _, _ in DEALERS]
    cards = _sold_cards(program, now)
    gifts.found(program=program, by_id=User.objects.get(username=Role.ORGANIZER.value).pk, now=now)
    _write(files.traffic, {"cards": cards[CARDS_TO_TRY:]})
    _write(files.unsold, {"cards": list(_minted(program, CARDS_UNSOLD, now).values())})
    _write(
        files.demo,
        {"url": url, **log_ins, "dealers": dealers, "cards": cards[:CARDS_TO_TRY], "program": program.code},
    )
    return True


def _program(now: datetime) -> Program:
    program, _ = Program.objects.get_or_create(
        code=CODE,
        defaults={
            "name": "Spring tea cash-back",
            "name_zh": "春茶返现",
            "terms": TERMS,
            "currency": "CNY",
            "face_value_minor": 8_800,
            "card_price_minor": 1_800,
            "gift_cost_minor": 500,
            "closes_on": (now + timedelta(days=365)).date(),
            "contact_hold_seconds": 60,
            "release_below_minor": 50_000,
        },
    )
    if program.published_at is None:
        programs.publish(program_id=program.pk, now=now)
        program.refresh_from_db()
    return program


def _person(username: str, role: Role) -> dict[str, str]:
    """A user with a fresh random password: what an earlier, unfinished founding wrote down is lost with it."""
    password = secrets.token_urlsafe(15)
    staff = role in {Role.ORGANIZER, Role.CHECKER}
    user, _ = User.objects.get_or_create(
        username=username, defaults={"role": role, "is_staff": staff, "is_superuser": staff}
    )
    user.set_password(password)
    user.save(update_fields=["password"])
    return {"username": username, "password": password}


def _dealer(code: str, name: str, address: str) -> dict[str, str]:
    dealer, _ = Dealer.objects.get_or_create(code=code, defaults={"name": name, "address": address})
    log_in = _person(code.lower(), Role.DEALER)
    user = User.objects.get(username=log_in["username"])
    DealerMember.objects.get_or_create(user=user, defaults={"dealer": dealer})
    AuthToken.objects.filter(user=user).delete()
    _, token = AuthToken.objects.create(user=user)
    return {"code": code, **log_in, "api_token": token}


def _sold_cards(program: Program, now: datetime) -> list[dict[str, str]]:
    """Mint a batch in clear and sell it to the three dealers in equal lots; the cards alternate between them."""
    each = (CARDS_TO_TRY + CARDS_OF_TRAFFIC) // len(DEALERS)
    by_number = _minted(program, each * len(DEALERS), now)
    with transaction.atomic():
        lots = [_sell(program, dealer, each, now) for dealer in DEALERS]
    sold = [[by_number[number] for lot in group for number in _numbers(lot)] for group in lots]
    return [card for turn in zip(*sold, strict=True) for card in turn]


def _minted(program: Program, cards: int, now: datetime) -> dict[int, dict[str, str]]:
    """Mint a batch in clear; its cards by number, the lowest first."""
    manifest = io.BytesIO()
    minting.mint(program_id=program.pk, cards=cards, out=manifest, printer_key=None, now=now, progress=None)
    return manifest_cards(manifest)


def manifest_cards(manifest: io.BytesIO) -> dict[int, dict[str, str]]:
    """The serial and PIN of every card of a manifest in clear, by number."""
    rows = (line.split(",") for line in manifest.getvalue().decode("ascii").splitlines())
    readings = [(parse_serial(serial), parse_pin(pin)) for serial, pin in rows]
    return {serial.number: {"serial": serial.serial, "pin": pin.pin} for serial, pin in readings}


def _numbers(lot: Lot) -> range:
    return range(lot.first_number, lot.last_number + 1)


def _sell(program: Program, dealer: tuple[str, str, str, str, str], cards: int, now: datetime) -> list[Lot]:
    code, _, _, product, size = dealer
    order: Order = orders.place(
        dealer_id=Dealer.objects.get(code=code).pk,
        program_id=program.pk,
        cards=cards,
        product_name=product,
        product_specification=size,
        placed_by_id=User.objects.get(username=code.lower()).pk,
        now=now,
    )
    orders.prepare_payment(order_id=order.pk, by_id=User.objects.get(username="organizer").pk, now=now)
    orders.approve_payment(order_id=order.pk, by_id=User.objects.get(username="checker").pk, now=now)
    return orders.fulfil(order_id=order.pk, now=now)


def _write(path: Path, content: dict[str, Any]) -> None:
    """Write a file for its owner alone, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        json.dump(content, file, ensure_ascii=False, indent=1)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def default_files() -> Files:
    """The demo's files in this installation's VAR."""
    return Files(Path(settings.VAR))
