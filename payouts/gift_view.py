"""What a holder sees of a gift."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from payouts.catalogue import Available, Counter


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
    raise NotImplementedError
