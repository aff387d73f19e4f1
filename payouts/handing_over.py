"""Handing over: at a dealer's counter, by post, or as a code that is read. Once, with its posting and its erasure."""

from dataclasses import dataclass
from datetime import datetime

from cashback.lib.errors import DomainError


class ClaimNotAccepted(DomainError):
    """This claim was not accepted. Compare serial number and claim code with what the holder shows."""

    code = "claim_not_accepted"


class CodeNotReadable(DomainError):
    """There is no code to read on this registration."""

    code = "code_not_readable"


class NotOnItsWay(DomainError):
    """No parcel is on its way to you."""

    code = "not_on_its_way"


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """What a dealer has just handed over. `gift` in both languages; the face picks."""

    award_id: int
    gift: str
    gift_zh: str
    handed_over_at: datetime


def claim(*, dealer_id: int, serial: str, claim_code: str, by_id: int, now: datetime) -> Claimed:
    """Hand over what lies at the dealer's counter for a holder who shows serial and claim code, as typed.

    Attempts are counted here. Raises ClaimNotAccepted (whatever the reason), TooManyAttempts.
    """
    raise NotImplementedError


def read_code(*, receipt: str, serial: str, pin: str, now: datetime) -> str:
    """The e-code; reading it hands it over, and it can be read again. Raises ReceiptUnknown, CardNotAccepted,
    CardBlocked, GiftWithdrawn, CodeNotReadable.
    """
    raise NotImplementedError


def confirm_received(*, receipt: str, now: datetime) -> None:
    """The holder says that the parcel came. Safe to repeat. Raises ReceiptUnknown, NotOnItsWay."""
    raise NotImplementedError
