"""A holder's part in draws, for the status page: in which pools the card is, what it won, what to do by when."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from cashback.web import draw_words
from cashback.web.pages import language
from cashback.web.words import State
from lottery import selectors
from lottery.models import Draw, DrawState
from lottery.selectors import EntryOf
from payouts.selectors import AwardStatus, HolderStatus


@dataclass(frozen=True)
class Part:
    """The card's part in one draw. `reserve` counts from 1; `until` is the last moment to give details."""

    entry: EntryOf
    name: str
    state: State
    won: bool
    prize: str
    reserve: int
    passed_on: str
    award: AwardStatus | None
    until: datetime | None

    @property
    def details_needed(self) -> bool:
        """Whether the prize waits for name and account."""
        return self.award is not None and _waits(self.award)

    @property
    def details_given(self) -> bool:
        """Whether they have come, and the prize is about to be paid."""
        return self.award is not None and self.award.details_given


def parts(found: HolderStatus, *, claim_days: int) -> list[Part]:
    """The draws whose pool holds the registration, the newest first."""
    entries = selectors.entries_of(found.registration.registration_id)
    ids = dict(Draw.objects.filter(code__in=[entry.draw for entry in entries]).values_list("code", "pk"))
    known = {award.id: award for award in found.awards}
    awards = {
        award.source_id: known[award.id]
        for award in found.registration.awards
        if award.source == "draw" and award.id in known
    }
    return [_part(entry, awards.get(ids[entry.draw]), claim_days) for entry in entries]


def kept_out(registration_id: int) -> list[dict[str, str]]:
    """The draws that the card was declared for: whoever declared it wrongly is found out by its holder."""
    chinese = language().startswith("zh")
    return [
        {"draw": draw.code, "name": draw.name_zh if chinese and draw.name_zh else draw.name}
        for draw in selectors.kept_out_of(registration_id)
    ]


def _part(entry: EntryOf, award: AwardStatus | None, claim_days: int) -> Part:
    chinese = language().startswith("zh")
    # What is drawn and not certified is nobody's yet.
    result = entry.result if entry.state == DrawState.CERTIFIED else None
    won = result is not None and result.prize is not None and not result.ended
    waits = award is not None and _waits(award)
    return Part(
        entry=entry,
        name=entry.name_zh if chinese and entry.name_zh else entry.name,
        state=draw_words.STATES[entry.state],
        won=won,
        prize=(result.prize_name_zh if chinese and result.prize_name_zh else result.prize_name) if result else "",
        reserve=result.reserve if result and result.prize is None else 0,
        passed_on=draw_words.plain(draw_words.PASSED_ON_BECAUSE, result.ended) if result and result.ended else "",
        award=award if won else None,
        until=award.since + timedelta(days=claim_days) if award and waits else None,
    )


def _waits(award: AwardStatus) -> bool:
    return award.state == "details_needed" and not award.details_given
