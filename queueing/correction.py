"""The information check and correction: what a holder typed becomes what is registered, or every reason why not.

Nothing is looked up, stored or sent here. Whatever was refused is not kept: errors name fields and positions only.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Literal, NoReturn, cast

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cashback.lib.errors import InvalidDetails
from queueing import fields
from queueing.fields import AccountKind, Right, Wrong

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

ENTER_SERIAL = gettext_lazy("Enter the card's serial number.")
ENTER_PIN = gettext_lazy("Enter the card's PIN.")
ENTER_NAME = gettext_lazy("Enter the name of the account's owner.")
ENTER_NUMBER = gettext_lazy("Enter the account's number.")
ENTER_RECIPIENT = gettext_lazy("Enter the name that is to stand on the parcel.")
ENTER_ADDRESS = gettext_lazy("Enter the address that the gift is to be sent to.")

# How a gift comes to its holder, as far as details are needed for it.
DeliveryWay = Literal["post", "dealer"]

# Longer input is refused before anything else is done with it.
TYPED_MAX = 400
PHONE_TYPED_MAX = 40
EMAIL_TYPED_MAX = 254  # RFC 5321
TERMS_VERSION_MAX = 16


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Correction:
    """One change to a field, to be shown before the holder confirms. Holds personal data: never log it."""

    field: str
    before: str
    after: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Card:
    """A card as typed, its check characters right."""

    serial: str
    number: int
    pin: str


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Holder:
    """Who is to be paid and how to reach them; phone (E.164) and email may be empty."""

    name: str
    phone: str
    email: str


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Account:
    """Where to pay; the bank's name may be empty."""

    kind: AccountKind
    number: str
    bank: str


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Product:
    """What the card came with, in the holder's words; the specification may be empty."""

    name: str
    specification: str


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Delivery:
    """Where a gift is sent, or how to reach who fetches it; for this gift alone. Whatever is not needed is "".

    `phone` in E.164, `country` by ISO 3166; the lines of `address` are separated by LF. Personal data: never log it.
    """

    name: str
    phone: str
    email: str
    country: str
    postcode: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class CorrectedDelivery:
    """A delivery as it will be held; None where nothing was given and nothing is needed."""

    delivery: Delivery | None
    corrections: tuple[Correction, ...]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Corrected:
    """A registration as it will be made."""

    card: Card
    holder: Holder
    account: Account
    product: Product | None
    terms_version: str
    corrections: tuple[Correction, ...]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class CorrectedChange:
    """A change of a registration's details as it will be made; a part that is None stays as it is."""

    card: Card
    holder: Holder | None
    account: Account | None
    corrections: tuple[Correction, ...]


def correct_registration(raw: Mapping[str, object]) -> Corrected:
    """Check and correct a registration.

    `raw` has serial, pin, name, account_kind and account_number, and may have phone, email, account_bank,
    product_name, product_specification and terms_version. Raises InvalidDetails with all errors by field.
    """
    entry = _Entry(raw)
    card, holder, account = entry.card(), entry.holder(), entry.account()
    product, terms_version = entry.product(), entry.terms_version()
    if entry.errors or not (card and holder and account):
        entry.refuse()
    return Corrected(
        card=card,
        holder=holder,
        account=account,
        product=product,
        terms_version=terms_version,
        corrections=tuple(entry.corrections),
    )


def correct_change(raw: Mapping[str, object], *, holder: bool, account: bool) -> CorrectedChange:
    """Check and correct a change of the parts that are True. `raw` as for a registration. Raises InvalidDetails."""
    entry = _Entry(raw)
    card = entry.card()
    new_holder = entry.holder() if holder else None
    new_account = entry.account() if account else None
    if entry.errors or not card:
        entry.refuse()
    return CorrectedChange(card=card, holder=new_holder, account=new_account, corrections=tuple(entry.corrections))


def correct_delivery(raw: Mapping[str, object], *, way: DeliveryWay) -> CorrectedDelivery:
    """Check and correct what a gift is delivered by.

    `raw` may have delivery_name, delivery_phone, delivery_email, and for the post delivery_country (else China),
    delivery_postcode and delivery_address. By post name and address are needed; for collecting at a dealer nothing is,
    and an address is not even read. Raises InvalidDetails with errors of delivery.name, delivery.phone and so on.
    """
    entry = _Entry(raw)
    delivery = entry.delivery(way)
    if entry.errors or not delivery:
        entry.refuse()
    given = any((delivery.name, delivery.phone, delivery.email, delivery.address))
    return CorrectedDelivery(delivery=delivery if given else None, corrections=tuple(entry.corrections))


def correct_card(raw: Mapping[str, object]) -> Card:
    """Check and correct serial and PIN alone. Raises InvalidDetails."""
    entry = _Entry(raw)
    card = entry.card()
    if entry.errors or not card:
        entry.refuse()
    return card


class _Entry:
    """One entry being checked: parts return what they are, or None after their errors were noted."""

    def __init__(self, raw: Mapping[str, object]) -> None:
        self._raw = raw
        self.errors: dict[str, list[str]] = {}
        self.corrections: list[Correction] = []

    def refuse(self) -> NoReturn:
        assert self.errors, "a value is missing and nobody said why"
        raise InvalidDetails(self.errors)

    def card(self) -> Card | None:
        serial = self._read("serial", "serial", fields.serial, missing=ENTER_SERIAL)
        pin = self._read("pin", "pin", fields.pin, missing=ENTER_PIN)
        if not serial or not pin:
            return None
        return Card(serial=serial, number=int(serial[:12]), pin=pin)

    def holder(self) -> Holder | None:
        name = self._read("name", "holder.name", fields.name, missing=ENTER_NAME)
        phone = self._read("phone", "holder.phone", fields.phone, length_max=PHONE_TYPED_MAX)
        email = self._read("email", "holder.email", fields.email, length_max=EMAIL_TYPED_MAX)
        if name is None or phone is None or email is None:
            return None
        return Holder(name=name, phone=phone, email=email)

    def account(self) -> Account | None:
        kind = self._read("account_kind", "account.kind", fields.account_kind, missing=fields.CHOOSE_KIND)
        # Without a kind nobody can say more of the number than whether it is there.
        check = fields.NUMBER_CHECKS.get(kind or "", _take)
        number = self._read("account_number", "account.number", check, missing=ENTER_NUMBER)
        bank = self._read("account_bank", "account.bank", fields.bank)
        if kind is None or number is None or bank is None:
            return None
        return Account(kind=cast("AccountKind", kind), number=number, bank=bank)

    def delivery(self, way: DeliveryWay) -> Delivery | None:
        post = way == "post"
        name = self._read("delivery_name", "delivery.name", fields.recipient, missing=ENTER_RECIPIENT if post else None)
        phone = self._read("delivery_phone", "delivery.phone", fields.phone, length_max=PHONE_TYPED_MAX)
        email = self._read("delivery_email", "delivery.email", fields.email, length_max=EMAIL_TYPED_MAX)
        country = postcode = address = ""
        if post:
            country = self._read("delivery_country", "delivery.country", fields.country) or fields.HOME_REGION
            check = partial(fields.postcode, country=country)
            postcode = self._read("delivery_postcode", "delivery.postcode", check) or ""
            address = self._read("delivery_address", "delivery.address", fields.address, missing=ENTER_ADDRESS) or ""
        if self.errors or name is None or phone is None or email is None:
            return None
        return Delivery(name=name, phone=phone, email=email, country=country, postcode=postcode, address=address)

    def product(self) -> Product | None:
        name = self._read("product_name", "product.name", fields.product_text)
        specification = self._read("product_specification", "product.specification", fields.product_text)
        if specification and name == "":
            self._wrong("product.name", _("Enter the product's name, or leave out its specification too."))
        return Product(name=name, specification=specification or "") if name else None

    def terms_version(self) -> str:
        return self._read("terms_version", "terms_version", fields.terms_version, length_max=TERMS_VERSION_MAX) or ""

    def _read(
        self,
        key: str,
        field: str,
        check: Callable[[str], Right],
        *,
        length_max: int = TYPED_MAX,
        missing: "_StrPromise | None" = None,
    ) -> str | None:
        """The field's right value; "" where it is optional and empty; None after noting an error."""
        typed = self._raw.get(key, "")
        try:
            if not isinstance(typed, str):
                raise Wrong(_("This must be text."))
            if len(typed) > length_max:
                raise Wrong(_("Use at most %(length)d characters.") % {"length": length_max})
            if not typed or typed.isspace():
                if missing:
                    raise Wrong(str(missing))
                return ""
            right = check(typed)
        except Wrong as wrong:
            self._wrong(field, wrong.message)
            return None
        if typed not in (right.shown, right.value):
            why = " ".join(map(str, right.why))
            self.corrections.append(Correction(field=field, before=typed, after=right.shown, why=why))
        return right.value

    def _wrong(self, field: str, message: str) -> None:
        self.errors.setdefault(field, []).append(message)


def _take(typed: str) -> Right:
    return Right(typed, typed)
