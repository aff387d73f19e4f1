"""What becomes of a payment: decided once, from its reference and the seed, the same after any restart."""

import hashlib
from dataclasses import dataclass
from typing import Literal

from cashback.embedded.bank.options import Options
from cashback.embedded.bank.orders import Payment

Outcome = Literal["paid", "refused", "returned", "delayed"]

_HANDLES: dict[str, tuple[Outcome, str | None]] = {
    "9000": ("paid", None),
    "9001": ("refused", "AC01"),
    "9004": ("refused", "AC04"),
    "9005": ("refused", "BE04"),
    "9006": ("refused", "AM04"),
    "9014": ("returned", "AC04"),
    "9016": ("returned", "AC06"),
    "9020": ("delayed", None),
}
_REFUSALS = ("AC01", "AC04", "BE04", "AM04")
_RETURNS = ("AC04", "AC06", "MD07")


@dataclass(frozen=True, slots=True)
class Fate:
    """An outcome, and ISO's reason where it is not a payment."""

    outcome: Outcome
    reason: str | None


def fate_of(payment: Payment, options: Options) -> Fate:
    """The account's last digits, then its check digits, then the shares decide."""
    compact = payment.account.replace(" ", "")
    if compact[-4:] in _HANDLES:
        return Fate(*_HANDLES[compact[-4:]])
    if not payment.account_is_right:
        return Fate("refused", "AC01")
    chance = chance_of(options.seed, "fate", payment.end_to_end_id)
    which = chance_of(options.seed, "reason", payment.end_to_end_id)
    if chance < options.refuse:
        return Fate("refused", _REFUSALS[int(which * len(_REFUSALS))])
    if chance < options.refuse + options.returned:
        return Fate("returned", _RETURNS[int(which * len(_RETURNS))])
    if chance < options.refuse + options.returned + options.delay:
        return Fate("delayed", None)
    return Fate("paid", None)


def chance_of(seed: str, question: str, reference: str) -> float:
    """A number from 0 up to but not 1, always the same for the same question about the same reference."""
    return int(_digest(seed, question, reference)[:13], 16) / 16**13


def booking_reference(seed: str, prefix: str, end_to_end_id: str) -> str:
    """The bank's own reference of a booking: one per payment and kind of booking, for ever."""
    return prefix + _digest(seed, prefix, end_to_end_id)[:16].upper()


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
