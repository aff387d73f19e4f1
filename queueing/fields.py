"""Each field of a registration, and of a gift's delivery: what was typed, made right, or Wrong and what to do.

Pure functions of one text that is not empty and not over-long. Messages never repeat what was typed.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal, NamedTuple

import phonenumbers
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from email_validator import EmailNotValidError, validate_email
from stdnum import iban, luhn
from stdnum.exceptions import InvalidChecksum, ValidationError

from cashback.lib.pins import PinError, group_pin, parse_pin
from cashback.lib.serials import SerialError, group_serial, parse_serial
from cashback.lib.typed_text import Amended, clean_code
from queueing import written

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

AccountKind = Literal["iban", "cn_card", "other"]
ACCOUNT_KINDS: tuple[AccountKind, ...] = ("iban", "cn_card", "other")

CHOOSE_KIND = gettext_lazy("Choose the kind of account: iban, cn_card or other.")

NAME_MAX = 140  # Max140Text of ISO 20022
BANK_MAX = 140
OTHER_NUMBER_MIN, OTHER_NUMBER_MAX = 4, 34  # Max34Text of ISO 20022
PRODUCT_MAX = 120
RECIPIENT_MAX = 80
ADDRESS_MAX, ADDRESS_LINES_MAX = 240, 6  # as much as a label holds
POSTCODE_MIN, POSTCODE_MAX = 3, 10

HOME_REGION = "CN"  # of phone numbers and addresses written without a country
_DIGITS = frozenset("0123456789")
_CAPITALS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
_LETTERS = _CAPITALS | frozenset("abcdefghijklmnopqrstuvwxyz")
_OTHER_ACCOUNT = _DIGITS | _LETTERS | frozenset("-./@_+ ")
_PHONE = _DIGITS | frozenset("+-(). /")
_POSTCODE = _DIGITS | _CAPITALS | frozenset("- ")
_VERSION = _DIGITS | _LETTERS | frozenset("-._")


class Wrong(Exception):
    """A field cannot be used; `message` says what to do, in the active language."""

    def __init__(self, message: str) -> None:
        super().__init__()
        self.message = message


class Right(NamedTuple):
    """A field's value, how it is shown, and why it differs from what was typed, where it does.

    Reasons are looked up in the holder's language only when somebody reads them: most entries need none.
    """

    value: str
    shown: str
    why: "tuple[_StrPromise, ...]" = ()


_TIDIED = gettext_lazy("Spaces and full-width or unusual characters were put right.")
_STANDARD_FORM = gettext_lazy("Written in the standard form.")
_INTERNATIONAL_FORM = gettext_lazy("Written in the international form.")
_AMENDED = {
    Amended.WIDTH: gettext_lazy("Full-width characters were made normal ones."),
    Amended.SEPARATORS: gettext_lazy("Spaces and dashes were put right."),
    Amended.CASE: gettext_lazy("Small letters were made capitals."),
    Amended.LETTERS: gettext_lazy("O was read as 0, and I and L as 1."),
}


def serial(typed: str) -> Right:
    """A serial: 14 digits with their check digits."""
    try:
        reading = parse_serial(typed)
    except SerialError as error:
        raise Wrong(error.message) from None
    return Right(reading.serial, group_serial(reading.serial), _reasons(reading.corrections))


def pin(typed: str) -> Right:
    """A PIN: 16 characters with their check character."""
    try:
        reading = parse_pin(typed)
    except PinError as error:
        raise Wrong(error.message) from None
    return Right(reading.pin, group_pin(reading.pin), _reasons(reading.corrections))


def name(typed: str) -> Right:
    """The name of an account's owner, in the characters that banks take."""
    composed = written.compose(typed)
    if position := written.foreign_position(composed, written.NAME):
        message = _("Banks do not accept character %(position)d of the name. Write the name as the bank knows it.")
        raise Wrong(message % {"position": position})
    right = _put_right(written.standardise(composed), NAME_MAX)
    if not written.has_letter(right.value):
        raise Wrong(_("Enter the name in letters, as the bank knows it."))
    return right


def phone(typed: str) -> Right:
    """A phone number in E.164."""
    plain = written.squeeze(written.standardise(typed))
    if not set(plain) <= _PHONE:
        raise Wrong(_("A phone number has only digits, spaces and dashes, and perhaps a + in front."))
    try:
        number = phonenumbers.parse(plain, HOME_REGION)
    except phonenumbers.NumberParseException:
        number = phonenumbers.PhoneNumber()
    if not phonenumbers.is_valid_number(number):
        raise Wrong(_("This is not a phone number that can be reached. Start with + and the country, as in +86."))
    value = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return Right(value, value, (_INTERNATIONAL_FORM,))


def email(typed: str) -> Right:
    """An e-mail address in ASCII; whether it is reached is not asked."""
    plain = written.standardise(typed).strip()
    try:
        checked = validate_email(plain, check_deliverability=False, allow_smtputf8=False)
    except EmailNotValidError:
        raise Wrong(_("This is not an e-mail address. It looks like name@example.com.")) from None
    value = checked.ascii_email or checked.normalized
    return Right(value, value, (_STANDARD_FORM,))


def account_kind(typed: str) -> Right:
    """One of ACCOUNT_KINDS."""
    value = typed.strip().lower()
    if value not in ACCOUNT_KINDS:
        raise Wrong(str(CHOOSE_KIND))
    return Right(value, value, (_STANDARD_FORM,))


def cn_card(typed: str) -> Right:
    """A Chinese bank card's number: 16 to 19 digits, the last one by Luhn."""
    cleaned = clean_code(typed, fold_case=False, lookalikes=False)
    if position := _first_outside(cleaned.text, _DIGITS):
        message = _("Character %(position)d of the card number is not a digit (spaces and dashes are not counted).")
        raise Wrong(message % {"position": position})
    if not 16 <= len(cleaned.text) <= 19:
        raise Wrong(_("A bank card's number has 16 to 19 digits. Compare it with the card."))
    if not luhn.is_valid(cleaned.text):
        raise Wrong(_("The card number has a typing error. Compare each digit with the card."))
    return Right(cleaned.text, cleaned.text, _reasons(cleaned.amendments))


def iban_number(typed: str) -> Right:
    """An IBAN: its country's form, and mod 97 (ISO 13616)."""
    cleaned = clean_code(typed, fold_case=True, lookalikes=False)
    if position := _first_outside(cleaned.text, _DIGITS | _CAPITALS):
        message = _("Character %(position)d of the IBAN is not a letter or digit (spaces are not counted).")
        raise Wrong(message % {"position": position})
    if not 15 <= len(cleaned.text) <= 34:
        raise Wrong(_("An IBAN has 15 to 34 characters. Compare it with your bank's papers."))
    try:
        value = iban.validate(cleaned.text, check_country=False)
    except InvalidChecksum:
        raise Wrong(_("The IBAN has a typing error. Compare each character with your bank's papers.")) from None
    except ValidationError:
        raise Wrong(_("No country has IBANs of this form. Compare it with your bank's papers.")) from None
    return Right(value, value, _reasons(cleaned.amendments))


def other_number(typed: str) -> Right:
    """An account number of any other kind, as a payment message can carry it."""
    value = written.squeeze(written.standardise(typed))
    if position := _first_outside(value, _OTHER_ACCOUNT):
        message = _("Character %(position)d cannot stand in an account number. Use letters, digits and - . / @ _ +.")
        raise Wrong(message % {"position": position})
    if not OTHER_NUMBER_MIN <= len(value) <= OTHER_NUMBER_MAX:
        raise Wrong(_("An account number of this kind has 4 to 34 characters."))
    if _DIGITS.isdisjoint(value):
        raise Wrong(_("An account number has at least one digit. Compare it with your bank's papers."))
    return Right(value, value, (_TIDIED,))


NUMBER_CHECKS: dict[str, Callable[[str], Right]] = {"iban": iban_number, "cn_card": cn_card, "other": other_number}


def bank(typed: str) -> Right:
    """The name of a bank."""
    composed = written.compose(typed)
    if position := written.foreign_position(composed, written.BANK_NAME):
        message = _("Payments cannot carry character %(position)d of the bank's name. Leave it out.")
        raise Wrong(message % {"position": position})
    right = _put_right(written.standardise(composed), BANK_MAX)
    if right.value and not written.has_letter(right.value):
        raise Wrong(_("Enter the bank's name in letters, or leave it out."))
    return right


def product_text(typed: str) -> Right:
    """A text that only people read."""
    return _put_right(_printable(typed), PRODUCT_MAX)


def recipient(typed: str) -> Right:
    """The name on a parcel, which no bank has to know."""
    right = _put_right(_printable(typed), RECIPIENT_MAX)
    if not any(map(str.isalpha, right.value)):
        raise Wrong(_("Enter the name in letters."))
    return right


def country(typed: str) -> Right:
    """A country by its two letters (ISO 3166)."""
    value = written.squeeze(written.standardise(typed)).upper()
    if value not in phonenumbers.SUPPORTED_REGIONS:
        raise Wrong(_("Write the country by its two letters, as in CN."))
    return Right(value, value, (_STANDARD_FORM,))


def postcode(typed: str, *, country: str) -> Right:
    """A postcode; where one is known to be wrong for its country, it is."""
    value = written.squeeze(written.standardise(typed)).upper()
    if country == "CN":
        value = value.replace(" ", "").replace("-", "")
        if len(value) != 6 or not set(value) <= _DIGITS:
            raise Wrong(_("A Chinese postcode has 6 digits."))
    if not set(value) <= _POSTCODE or not POSTCODE_MIN <= len(value) <= POSTCODE_MAX:
        raise Wrong(_("A postcode has 3 to 10 letters and digits, perhaps with spaces or dashes."))
    return Right(value, value, (_STANDARD_FORM,))


def address(typed: str) -> Right:
    """A postal address below the name, in lines."""
    lines = [line for line in map(written.squeeze, _printable(typed).splitlines()) if line]
    if len(lines) > ADDRESS_LINES_MAX:
        raise Wrong(_("Write the address in at most %(lines)d lines.") % {"lines": ADDRESS_LINES_MAX})
    value = written.compose("\n".join(lines))
    if len(value) > ADDRESS_MAX:
        raise Wrong(_("Use at most %(length)d characters.") % {"length": ADDRESS_MAX})
    if not any(map(str.isalnum, value)):
        raise Wrong(_("Enter the address in letters and digits."))
    # How a browser ends its lines is nothing that a holder has to be shown.
    return Right(value, typed if typed.replace("\r\n", "\n") == value else value, (_TIDIED,))


def terms_version(typed: str) -> Right:
    """The version of the terms that were shown."""
    if not set(typed) <= _VERSION:
        raise Wrong(_("This is not the version of any terms. Load the page again."))
    return Right(typed, typed)


def _printable(typed: str) -> str:
    composed = written.compose(typed)
    if position := written.unprintable_position(composed):
        message = _("Character %(position)d cannot be stored. Use letters, digits and punctuation only.")
        raise Wrong(message % {"position": position})
    return written.without_invisible(composed)


def _put_right(text: str, length_max: int) -> Right:
    value = written.compose(written.squeeze(text))
    if len(value) > length_max:
        raise Wrong(_("Use at most %(length)d characters.") % {"length": length_max})
    return Right(value, value, (_TIDIED,))


def _first_outside(text: str, allowed: frozenset[str]) -> int | None:
    return next((at for at, character in enumerate(text, start=1) if character not in allowed), None)


def _reasons(amendments: tuple[Amended, ...]) -> "tuple[_StrPromise, ...]":
    return tuple(_AMENDED[amendment] for amendment in amendments)
