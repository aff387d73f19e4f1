"""Holders as the tests need them: what one typed, already checked and corrected, and one registered."""

from datetime import datetime
from typing import Any

from django.utils import timezone

from cashback.lib.serials import parse_serial
from queueing.correction import Account, Card, Corrected, Holder, Product
from queueing.intake import Receipt, register

NAME, PHONE, EMAIL, ACCOUNT_NUMBER = "张三", "+8613800138000", "zhang@example.com", "6222020000000000006"


def entry(card: tuple[str, str], **overrides: Any) -> Corrected:
    """A checked entry for the card (serial, PIN): overrides by field of holder, account, or product."""
    serial, pin = card
    given = {"name": NAME, "phone": PHONE, "email": EMAIL, "number": ACCOUNT_NUMBER, "bank": "ICBC", **overrides}
    return Corrected(
        card=Card(serial=serial, number=parse_serial(serial).number, pin=pin),
        holder=Holder(name=given["name"], phone=given["phone"], email=given["email"]),
        account=Account(kind="cn_card", number=given["number"], bank=given["bank"]),
        product=given.get("product"),
        terms_version=given.get("terms_version", ""),
        corrections=(),
    )


def product(name: str, specification: str = "") -> Product:
    """A product in the holder's words."""
    return Product(name=name, specification=specification)


def enter(
    card: tuple[str, str], *, now: datetime | None = None, digest: bytes | None = None, **overrides: Any
) -> Receipt:
    """Register the card."""
    details = entry(card, **overrides)
    return register(details=details, language="en", request_digest=digest, now=now or timezone.now())


def other_pin(pin: str) -> str:
    """A PIN that stands on another card."""
    return "0000000000000000" if pin != "0000000000000000" else "1111111111111119"
