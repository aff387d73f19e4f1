"""What a receipt opens: where its registration stands, what it was awarded, what is held of its holder and until when.

A place is a stored number and the head of the line another, so that a look costs the same at any length of the line.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Literal

from django.db import connection

from cards.models import Rule
from cashback.lib.crypto.digests import parse_receipt, receipt_digest
from cashback.lib.sql import Queries
from queueing.models import AwardKind, Source
from queueing.proving import ReceiptUnknown
from queueing.rows import fetch

__all__ = ["ReceiptUnknown", "RegistrationStatus", "find", "verdict_shown"]

QUERIES = Queries(Path(__file__).parent / "sql" / "status.sql")
Outcome = Literal["waiting", "cash", "gift", "withdrawn", "void"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AwardShown:
    """An award as queueing knows it; what became of it, whoever pays knows."""

    id: int
    source: str
    source_id: int
    kind: str
    amount_minor: int
    awarded_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureShown:
    """A part of the details that was destroyed."""

    id: int
    at: datetime
    what: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """Something that happened to a registration."""

    event: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class RegistrationStatus:
    """A registration as its holder may see it. No personal data; `nonce` is for the holder alone.

    `ahead`: places before this one that are still undecided. `until_close`: registrations missing until its cycle
    closes. Both None without a place, or once nothing is to come. `nonce` is "" once the program is settled.
    """

    registration_id: int
    number: int
    program_id: int
    program: str
    program_name: str
    currency: str
    product: str
    product_specification: str
    product_matches: bool | None
    language: str
    terms_version: str
    registered_at: datetime
    place: int | None
    cycle: int | None
    ahead: int | None
    until_close: int | None
    outcome: Outcome
    frozen: bool
    block_reason: str
    awards: tuple[AwardShown, ...]
    nonce: str
    leaf: str
    signature: str
    key_id: str
    details: Literal["held", "erased"]
    payee_held: bool
    contact_held: bool
    delivery_held: bool
    held_for: int | None
    erase_by: datetime | None
    contact_erase_by: datetime | None
    delivery_erase_by: datetime | None
    extended_for: str
    erasures: tuple[ErasureShown, ...]
    timeline: tuple[Happened, ...]


def find(receipt: str) -> RegistrationStatus:
    """The registration that a receipt opens. Raises UnreadableReceipt, ReceiptUnknown."""
    rows = fetch(QUERIES["find"], {"receipt_digest": receipt_digest(parse_receipt(receipt))})
    if not rows:
        raise ReceiptUnknown
    row = rows[0]
    asked = {"registration_id": row.id}
    awards = tuple(AwardShown(**vars(award)) for award in fetch(QUERIES["awards"], asked))
    erasures = tuple(ErasureShown(**vars(erasure)) for erasure in fetch(QUERIES["erasures"], asked))
    events = [Happened(**vars(event)) for event in fetch(QUERIES["events"], asked)]
    outcome = _outcome(row, awards)
    cycle = None if row.place is None else (row.place - 1) // row.cycle_size + 1
    waits = cycle is not None and _is_waiting(row, outcome)
    return RegistrationStatus(
        registration_id=row.id,
        number=row.card_id,
        program_id=row.program_id,
        program=row.code,
        program_name=row.name,
        currency=row.currency,
        product=row.product_name,
        product_specification=row.product_specification,
        product_matches=row.product_matches,
        language=row.language,
        terms_version=row.terms_version,
        registered_at=row.registered_at,
        place=row.place,
        cycle=cycle,
        ahead=_ahead(row) if waits else None,
        until_close=_until_close(row, cycle) if waits and cycle else None,
        outcome=outcome,
        frozen=row.frozen_at is not None,
        block_reason=row.block_reason or "",
        awards=awards,
        nonce="" if row.nonce is None else bytes(row.nonce).hex(),
        leaf=row.leaf,
        signature=row.signature,
        key_id=row.signing_key_id,
        details="held" if row.payee_held or row.contact_held or row.delivery_held else "erased",
        payee_held=row.payee_held,
        contact_held=row.contact_held,
        delivery_held=row.delivery_held,
        held_for=row.held_for,
        erase_by=row.erase_by,
        contact_erase_by=row.contact_erase_by,
        delivery_erase_by=row.delivery_erase_by,
        extended_for=row.extended_for or "",
        erasures=erasures,
        timeline=_timeline(row, awards, erasures, events),
    )


def verdict_shown(*, registration_id: int, now: datetime) -> None:
    """The holder has seen the last notice on the status page: the contact that was kept for it is erased next."""
    with connection.cursor() as cursor:
        cursor.execute(QUERIES["verdict_shown"], {"registration_id": registration_id, "now": now})


def _awarded(award: AwardShown) -> str:
    return "awarded_prize" if award.source == Source.DRAW else f"awarded_{award.kind}"


def _outcome(row: SimpleNamespace, awards: Iterable[AwardShown]) -> Outcome:
    """The line's verdict; what a draw awards is told apart from it. Cash goes before a gift: under `line` both come."""
    if row.withdrawn_at:
        return "withdrawn"
    if row.voided_at:
        return "void"
    kinds = {award.kind for award in awards if award.source == Source.CYCLE}
    if AwardKind.CASH in kinds:
        return "cash"
    return "gift" if AwardKind.GIFT in kinds else "waiting"


def _is_waiting(row: SimpleNamespace, outcome: Outcome) -> bool:
    """Whether the line still has something to decide: under `line` a gift is not the last word."""
    if row.program_state in {"closed", "settled"}:
        return False
    return outcome == "waiting" or (outcome == "gift" and row.rule == Rule.LINE)


def _ahead(row: SimpleNamespace) -> int:
    """Places before this one that are undecided: not paid under `line`, in no closed cycle under `cohort`."""
    decided = row.paid_through if row.rule == Rule.LINE else row.cycles_closed * row.cycle_size
    return max(0, int(row.place) - 1 - int(decided or 0))


def _until_close(row: SimpleNamespace, cycle: int) -> int:
    """Registrations that are missing until this one's cycle closes; 0 once it is closed."""
    return max(0, cycle * int(row.cycle_size) - int(row.placed or 0))


def _timeline(
    row: SimpleNamespace, awards: Iterable[AwardShown], erasures: Iterable[ErasureShown], events: Iterable[Happened]
) -> tuple[Happened, ...]:
    told = [
        Happened(event="registered", at=row.registered_at),
        *(Happened(event=_awarded(award), at=award.awarded_at) for award in awards),
        *(Happened(event=f"erased_{erasure.what}", at=erasure.at) for erasure in erasures),
        *events,
    ]
    return tuple(sorted(told, key=lambda happened: happened.at))
