"""What goes over a rail and comes back, in words that no rail owns.

Nothing here knows a database. What comes back holds no name and no account: a bank's answer is reduced to reference,
amount, status, reason and date while it is read.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import ClassVar, Literal, Protocol

from cashback.lib.errors import DomainError

AccountKind = Literal["iban", "cn_card", "other"]
AnswerKind = Literal["pain.002", "camt.053", "camt.054"]
Direction = Literal["debit", "credit"]


@dataclass(frozen=True, slots=True)
class Debtor:
    """Who pays: the organizer's name, its account (an IBAN or the bank's own number) and its bank (a BIC or a code)."""

    name: str
    account: str
    agent: str


@dataclass(frozen=True, slots=True)
class Transfer:
    """One payment to one holder. `end_to_end_id` is unique for ever: 1 to 35 characters."""

    end_to_end_id: str
    amount_minor: int
    currency: str
    payee_name: str
    account_kind: AccountKind
    account_number: str
    bank_name: str = ""
    remittance: str = ""

    def __repr__(self) -> str:
        return f"Transfer({self.end_to_end_id!r})"


class Verdict(StrEnum):
    """What one line of an answer means for the payment it names."""

    ACCEPTED = "accepted"  # the bank has taken it on; no money has moved in the books
    PENDING = "pending"  # the bank has it and has not decided
    REFUSED = "refused"  # it was not and will not be paid
    PAID = "paid"  # booked on our account
    RETURNED = "returned"  # booked before, and the money is back
    DUPLICATE = "duplicate"  # the bank had seen the reference before: says nothing about the first one
    OTHER = "other"  # nothing to act upon


_ACCEPTED = frozenset({"ACCP", "ACTC", "ACSP", "ACSC", "ACCC", "ACWC", "ACWP"})
_PENDING = frozenset({"PDNG", "RCVD", "PATC", "ACFC"})
_REFUSED = frozenset({"RJCT", "CANC"})
_DUPLICATE = frozenset({"AM05", "DU01", "DU02", "DU03", "DU04", "DU05"})


@dataclass(frozen=True, slots=True)
class Line:
    """One statement of a bank about one payment, or about a whole message where `end_to_end_id` is None.

    A booking (`booked`) has a direction, an amount, a date and usually the bank's own reference. `reason_code` is a
    code of the ISO 20022 external lists or the bank's own; free text is dropped, since banks write names into it.
    """

    end_to_end_id: str | None
    status: str
    booked: bool = False
    direction: Direction | None = None
    amount_minor: int | None = None
    currency: str | None = None
    reason_code: str | None = None
    booked_on: date | None = None
    entry_reference: str | None = None
    original_message_id: str | None = None

    @property
    def verdict(self) -> Verdict:
        """What to make of this line. A duplicate is told apart from a refusal: paying it again would pay twice."""
        if self.booked:
            return Verdict.PAID if self.direction == "debit" else Verdict.RETURNED
        if self.status in _REFUSED:
            return Verdict.DUPLICATE if self.reason_code in _DUPLICATE else Verdict.REFUSED
        if self.status in _ACCEPTED:
            return Verdict.ACCEPTED
        return Verdict.PENDING if self.status in _PENDING else Verdict.OTHER


@dataclass(frozen=True, slots=True)
class Answer:
    """A bank's file after reading: its own id, the id of the message it answers if it names one, and its lines."""

    kind: AnswerKind
    message_id: str
    original_message_id: str | None
    lines: tuple[Line, ...]


class UnreadableAnswer(DomainError):
    """The bank's file cannot be read (%(reason)s: %(text)s)."""

    code: ClassVar[str] = "unreadable_answer"

    def __init__(self, reason: str, text: str) -> None:
        """`reason` is a stable code, `text` says where it shows; neither quotes the file."""
        super().__init__(reason=reason, text=text)
        self.reason = reason
        self.text = text


class UnpayableTransfer(DomainError):
    """The bank cannot carry payment %(end_to_end_id)s as it stands (%(reason)s)."""

    code: ClassVar[str] = "unpayable_transfer"

    def __init__(self, end_to_end_id: str, reason: str) -> None:
        """`reason` is a stable code; see the rail's `problem`."""
        super().__init__(end_to_end_id=end_to_end_id, reason=reason)
        self.end_to_end_id = end_to_end_id
        self.reason = reason


class Rail(Protocol):
    """A way to send money and to read what became of it."""

    @property
    def name(self) -> str:
        """As in the setting PAYOUT_RAIL."""
        ...

    @property
    def suffix(self) -> str:
        """The ending of an outgoing file's name, before encryption."""
        ...

    def problem(self, transfer: Transfer) -> str | None:
        """Why this rail could not carry the transfer, as a stable code; None if it can."""
        ...

    def build(
        self,
        *,
        message_id: str,
        created_at: datetime,
        debtor: Debtor,
        execution_on: date,
        transfers: Sequence[Transfer],
    ) -> bytes:
        """The file to send. The same arguments give the same bytes. Raises UnpayableTransfer."""
        ...

    def parse(self, data: bytes) -> Answer:
        """What a decrypted answer says. Raises UnreadableAnswer."""
        ...
