"""Handing over: at a dealer's counter, by post, or as a code that is read. Once, with its posting and its erasure."""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction

from cards.models import Dealer
from cashback.ledger import own_money
from cashback.ledger.models import Event, Kind
from cashback.ledger.posting import AccountKey, Leg, balance_minor, post_many
from cashback.lib.crypto.digests import parse_receipt, receipt_digest
from cashback.lib.errors import DomainError
from cashback.lib.failpoints import failpoint
from cashback.lib.serials import SerialError, SerialReading, parse_serial
from cashback.lib.typed_text import clean_code
from payouts import choosing, ecodes, stock
from payouts.gift_rows import SQL, GiftRow, erase_after, lock_gifts
from payouts.models import Gift, Offer, StockMove, Way
from queueing import timeline
from queueing.attempts import count_attempt
from queueing.intake import CardBlocked
from queueing.models import Registration
from queueing.proving import ReceiptUnknown, prove

HANDED_OVER = "gift_handed_over"
TYPED_MAX = 64


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


def count_claim(*, dealer_id: int, serial: str, now: datetime) -> None:
    """Count an attempt at a claim, before its code is looked at. Call it outside of any transaction that may fail.

    Raises TooManyAttempts.
    """
    card = _card(serial)
    count_attempt(client=f"dealer:{dealer_id}", serial=card.serial if card else None, now=now)


def claim(*, dealer_id: int, serial: str, claim_code: str, by_id: int, now: datetime) -> Claimed:
    """Hand over what lies at the dealer's counter for a holder who shows serial and claim code, as typed.

    The caller has counted the attempt. Raises ClaimNotAccepted (whatever the reason).
    """
    card = _card(serial)
    if card is None or len(claim_code) > TYPED_MAX:
        raise ClaimNotAccepted
    found = SQL.rows("gift_of_card", number=card.number)
    award_id, choice = found[0] if found else (0, 0)
    right = choosing.claim_code(award_id=award_id, choice=choice).replace("-", "")
    given = clean_code(claim_code, fold_case=True).text
    if not hmac.compare_digest(right.encode(), given.encode()) or not found:
        raise ClaimNotAccepted
    return _claim(dealer_id, award_id, choice, by_id, now)


@transaction.atomic
def read_code(*, receipt: str, serial: str, pin: str, now: datetime) -> str:
    """The e-code. Reading it hands it over, and it can be read again.

    Raises ReceiptUnknown, CardNotAccepted, CardBlocked, GiftWithdrawn, CodeNotReadable.
    """
    proven = prove(receipt=receipt, serial=serial, pin=pin)
    found = SQL.rows("gift_of_registration", registration=proven.registration_id)
    rows = lock_gifts([found[0][0]]) if found else []
    if not rows or rows[0].way != Way.CODE:
        raise CodeNotReadable
    gift = rows[0]
    if gift.state == Gift.State.READY:
        if gift.ended:
            raise choosing.GiftWithdrawn
        if gift.frozen:
            raise CardBlocked
        hand_over(rows, by_id=None, now=now)
    return ecodes.read(award_id=gift.award_id)


@transaction.atomic
def confirm_received(*, receipt: str, now: datetime) -> None:
    """The holder says that the parcel came. Safe to repeat. Raises ReceiptUnknown, NotOnItsWay."""
    digest = receipt_digest(parse_receipt(receipt))
    registration = Registration.objects.filter(receipt_digest=digest).first()
    if registration is None:
        raise ReceiptUnknown
    found = SQL.rows("gift_of_registration", registration=registration.pk)
    rows = lock_gifts([found[0][0]]) if found else []
    if not rows or rows[0].way != Way.POST or rows[0].state not in {Gift.State.READY, Gift.State.HANDED_OVER}:
        raise NotOnItsWay
    if rows[0].state == Gift.State.READY:
        hand_over(rows, by_id=None, now=now)


def hand_over(rows: Sequence[GiftRow], *, by_id: int | None, now: datetime) -> None:
    """Hand over gifts of one program that are ready and locked: state, erasure, posting and stock, in one transaction.

    `by_id` is nobody where the holder or the schedule did it.
    """
    if not rows:
        return
    done = SQL.run("hand_over", awards=[row.award_id for row in rows], now=now)
    assert done == len(rows), "a gift changed under its lock"
    erase_after(rows, "handed_over", now)
    timeline.record(registration_ids=[row.registration_id for row in rows], event=HANDED_OVER, at=now)
    _post(rows, now)
    stock.leave(
        pieces={reference(row): row.offer_id for row in rows},
        kind=StockMove.Kind.HANDED_OVER,
        by_id=by_id,
        now=now,
    )
    failpoint("gift.handed_over")


def reference(row: GiftRow) -> str:
    """What a gift's postings and moves name: its award."""
    return f"award:{row.award_id}"


def accounts(row: GiftRow) -> tuple[AccountKey, AccountKey]:
    """The program's gift reserve and gift stock."""
    reserve = AccountKey(Kind.GIFT_RESERVE, row.currency, row.program_id)
    return reserve, AccountKey(Kind.GIFT_STOCK, row.currency, row.program_id)


def _card(serial: str) -> SerialReading | None:
    try:
        return parse_serial(serial) if len(serial) <= TYPED_MAX else None
    except SerialError:
        return None


@transaction.atomic
def _claim(dealer_id: int, award_id: int, choice: int, by_id: int, now: datetime) -> Claimed:
    rows = lock_gifts([award_id])
    gift = rows[0]
    if (gift.state, gift.way, gift.dealer_id) != (Gift.State.READY, Way.DEALER, dealer_id) or gift.choice != choice:
        raise ClaimNotAccepted
    if gift.frozen or gift.ended or not Dealer.objects.filter(pk=dealer_id, active=True).exists():
        raise ClaimNotAccepted
    hand_over(rows, by_id=by_id, now=now)
    assert gift.offer_id is not None
    offer = Offer.objects.get(pk=gift.offer_id)
    return Claimed(award_id=award_id, gift=offer.name, gift_zh=offer.name_zh, handed_over_at=now)


def _post(rows: Sequence[GiftRow], now: datetime) -> None:
    """From the gift reserve, which holds enough for what gifts may cost; where it does not, own money helps out."""
    assert len({row.program_id for row in rows}) == 1
    costly = [row for row in rows if row.cost_minor]
    try:
        with transaction.atomic():
            _post_from_reserve([(row, row.cost_minor) for row in costly], now)
    except IntegrityError as error:
        if "ledger_account_not_negative" not in str(error):
            raise
        _post_short(costly, now)


def _post_from_reserve(shares: Sequence[tuple[GiftRow, int]], now: datetime) -> None:
    entries = []
    for row, amount_minor in shares:
        reserve, held = accounts(row)
        if amount_minor:
            entries.append((reference(row), Leg(debit=reserve, credit=held, amount_minor=amount_minor)))
    post_many(event=Event.GIFT_HANDED_OVER, entries=entries, now=now)


def _post_short(rows: Sequence[GiftRow], now: datetime) -> None:
    own_money.hold(rows[0].currency)
    left_minor = balance_minor(accounts(rows[0])[0])
    shares = []
    for row in rows:
        shares.append((row, min(row.cost_minor, left_minor)))
        left_minor -= shares[-1][1]
    _post_from_reserve(shares, now)
    for row, from_reserve_minor in shares:
        rest_minor = row.cost_minor - from_reserve_minor
        if rest_minor:
            stock.post_lost(
                program_id=row.program_id,
                currency=row.currency,
                reference=reference(row),
                amount_minor=rest_minor,
                now=now,
            )
