"""What a holder sees of a gift."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Literal

from cashback.lib.crypto.digests import parse_receipt, receipt_digest
from payouts.catalogue import Available, Counter, offers, shown
from payouts.choosing import claim_code
from payouts.gift_rows import SQL
from payouts.models import Gift, Offer, Way
from queueing.proving import ReceiptUnknown
from queueing.rows import fetch


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class GiftView:
    """A gift as its holder sees it.

    `claim_by`: choose, or collect, until then; None where nothing runs. `can_choose`: owed or chosen, and not blocked.
    `offers` are those that are up (empty unless `can_choose`). `blocked` says why nothing can be done. `claim_code`
    (5-5) for a dealer's counter while chosen or ready. `code_readable`: the e-code can be read with serial and PIN.
    """

    award_id: int
    program_id: int
    state: Literal["owed", "chosen", "ready", "handed_over", "lapsed"]
    since: datetime
    claim_by: datetime | None
    can_choose: bool
    blocked: Literal["", "withdrawn", "void", "frozen"]
    offers: tuple[Available, ...]
    chosen: Available | None
    way: str
    dealer: Counter | None
    claim_code: str | None
    tracking: str
    code_readable: bool


def gift_view(*, receipt: str, language: str, now: datetime) -> GiftView | None:
    """The gift of a receipt; None where there is none (yet). Raises ReceiptUnknown. Changes nothing."""
    assert now.tzinfo is not None
    rows = fetch(SQL.queries["gift_of_receipt"], {"receipt_digest": receipt_digest(parse_receipt(receipt))})
    if not rows:
        raise ReceiptUnknown
    row = rows[0]
    if row.award_id is None:
        return None
    can_choose = not row.blocked and row.state in {Gift.State.OWED, Gift.State.CHOSEN}
    at_dealer = row.way == Way.DEALER and row.state in {Gift.State.CHOSEN, Gift.State.READY}
    return GiftView(
        award_id=row.award_id,
        program_id=row.program_id,
        state=row.state,
        since=row.since,
        claim_by=_claim_by(row),
        can_choose=can_choose,
        blocked=row.blocked,
        offers=tuple(offers(row.program_id, language=language)) if can_choose else (),
        chosen=shown(Offer.objects.get(pk=row.offer_id), language=language) if row.offer_id else None,
        way=row.way,
        dealer=Counter(code=row.dealer_code, name=row.dealer_name, address=row.dealer_address)
        if row.dealer_code
        else None,
        claim_code=claim_code(award_id=row.award_id, choice=row.choice) if at_dealer and not row.blocked else None,
        tracking=row.tracking,
        code_readable=row.way == Way.CODE and row.state in {Gift.State.READY, Gift.State.HANDED_OVER},
    )


def _claim_by(row: SimpleNamespace) -> datetime | None:
    """When a gift lapses: not chosen while there was something to choose, or not fetched."""
    if row.blocked:
        return None
    since: datetime | None = None
    if row.state == Gift.State.OWED and row.offered_since is not None:
        since = max(row.since, row.offered_since)
    elif row.state == Gift.State.READY and row.way in {Way.DEALER, Way.CODE} and row.counter_open:
        since = row.since
    # A card that was frozen has as long again.
    return max(since, row.released_at or since) + timedelta(days=row.claim_days) if since else None
