"""What others read of draws: pages, the API and a holder's status. Nothing before its time, nobody by serial."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from lottery import files
from lottery.holding import FROZEN_TOO_LATE, NOT_CERTIFIED
from lottery.models import (
    CERTIFIED_WITHIN,
    PUBLIC_STATES,
    Allotment,
    Declaration,
    Draw,
    DrawState,
    Entry,
    Excluded,
    Figure,
    Piece,
    Prize,
    Result,
)

RESULTS_PUBLIC_IN = (DrawState.VERIFIED, DrawState.CERTIFIED)


@dataclass(frozen=True, kw_only=True)
class PublicPrize:
    """`count` equal prizes."""

    position: int
    name: str
    name_zh: str
    amount_minor: int
    count: int


@dataclass(frozen=True, kw_only=True)
class PublicFigure:
    """A public figure; `value` is None until it is confirmed. `beacon_round` is None for what people enter."""

    name: str
    source: str
    published_at: datetime
    beacon_round: int | None
    value: str | None


@dataclass(frozen=True, kw_only=True)
class PublicResult:
    """A result by index and leaf. `prize` counts the prizes one by one from 0 and is None for a reserve without one.
    `reserve` counts the reserves from 1 and is 0 for a winner.

    `ended` says why a prize that this result had passed on (not_standing, withdrawn, no_details, decided), or "".
    """

    rank: int
    index: int
    leaf: str
    reserve: int
    prize: int | None
    prize_name: str
    prize_name_zh: str
    amount_minor: int | None
    ended: str


@dataclass(frozen=True, kw_only=True)
class DrawLine:
    """A draw in a list."""

    id: str
    state: str
    program: str
    name: str
    name_zh: str
    currency: str
    fund_minor: int
    announced_at: datetime
    freezes_at: datetime
    reveals_at: datetime


@dataclass(frozen=True, kw_only=True)
class PublicDraw:
    """A draw as everybody may see it now; what is not yet public is None.

    `fund_locked`: the draw has ended, and its fund can only go to another draw that takes it.
    `winners` and `reserves` are the results as drawn; a prize that passed on shows at the reserve that has it now.
    `declarations` says how many declared cards were kept out; their leaves are `kept_out(draw_id)`.
    """

    draw_id: int
    id: str
    state: str
    program: str
    program_name: str
    program_name_zh: str
    name: str
    name_zh: str
    about: str
    about_zh: str
    currency: str
    fund_minor: int
    fund_locked: bool
    registered_from: datetime | None
    registered_until: datetime
    paid_included: bool
    reserves_announced: int
    prizes: list[PublicPrize]
    figures: list[PublicFigure]
    commitment: str
    announced_at: datetime
    freezes_at: datetime
    frozen_at: datetime | None
    entries: int | None
    pool_hash: str | None
    declarations: int | None
    reveals_at: datetime
    revealed_at: datetime | None
    secret: str | None
    drawn_at: datetime | None
    verified_at: datetime | None
    certified_at: datetime | None
    certified_until: datetime
    ended_at: datetime | None
    end_reason: str
    winners: list[PublicResult] | None
    reserves: list[PublicResult] | None
    has_pool: bool
    has_bundle: bool

    def prizes_one_by_one(self) -> list[PublicPrize]:
        """The prizes as results go to them, equal ones repeated: the bundle's list."""
        return [prize for prize in self.prizes for _ in range(prize.count)]


@dataclass(frozen=True, kw_only=True)
class EntryOf:
    """A registration's part in one draw: its index and leaf, and once results are public what it drew."""

    draw: str
    name: str
    name_zh: str
    state: str
    index: int
    leaf: str
    result: PublicResult | None


def public_draws(*, program_id: int | None = None) -> list[DrawLine]:
    """Every announced draw, of one program or of all, the newest first."""
    found = Draw.objects.filter(state__in=PUBLIC_STATES).select_related("program").order_by("-announced_at", "-pk")
    if program_id is not None:
        found = found.filter(program=program_id)
    return [
        DrawLine(
            id=draw.code,
            state=draw.state,
            program=draw.program.code,
            name=draw.name,
            name_zh=draw.name_zh,
            currency=draw.program.currency,
            fund_minor=draw.fund_minor,
            announced_at=_known(draw.announced_at),
            freezes_at=draw.freezes_at,
            reveals_at=draw.reveals_at,
        )
        for draw in found
    ]


def public_draw(code: str) -> PublicDraw | None:
    """The draw of that id, once it is announced."""
    draw = Draw.objects.filter(code=code, state__in=PUBLIC_STATES).select_related("program").first()
    return None if draw is None else _public(draw)


def results(draw: Draw) -> list[PublicResult]:
    """The results in order of rank, each with the prize it has or had; without regard to whether they are public."""
    one_by_one = prizes_one_by_one(draw)
    allotted = {allotment.result_id: allotment for allotment in Allotment.objects.filter(draw=draw)}
    return [
        _result(draw, result, allotted.get(result.pk), one_by_one)
        for result in Result.objects.filter(draw=draw).order_by("rank")
    ]


def result_of_leaf(code: str, leaf: str) -> PublicResult | None:
    """What a leaf drew, once results are public; None for a leaf that drew nothing."""
    draw = Draw.objects.filter(code=code, state__in=RESULTS_PUBLIC_IN).first()
    if draw is None:
        return None
    result = Result.objects.filter(draw=draw, leaf=leaf).first()
    return None if result is None else _with_allotment(draw, result)


def prizes_one_by_one(draw: Draw) -> list[Prize]:
    """The draw's prizes as results go to them, equal ones repeated."""
    return [prize for prize in draw.prizes.order_by("position") for _ in range(prize.count)]


def entries_of(registration_id: int) -> list[EntryOf]:
    """The draws whose pool a registration is in, the newest first."""
    rows = Entry.objects.filter(registration=registration_id).select_related("draw").order_by("-draw_id")
    return [
        EntryOf(
            draw=entry.draw.code,
            name=entry.draw.name,
            name_zh=entry.draw.name_zh,
            state=entry.draw.state,
            index=entry.index,
            leaf=entry.leaf,
            result=_result_of(entry) if entry.draw.state in RESULTS_PUBLIC_IN else None,
        )
        for entry in rows
    ]


def kept_out_of(registration_id: int) -> list[Draw]:
    """The draws that a declaration kept a registration out of, the newest first."""
    rows = Excluded.objects.filter(registration=registration_id).select_related("draw").order_by("-draw_id")
    return [row.draw for row in rows]


def kept_out(draw_id: int) -> Iterator[str]:
    """The leaves of the declared cards that a frozen pool left out, in order of their rows."""
    leaves = Excluded.objects.filter(draw=draw_id).order_by("registration").values_list("leaf", flat=True)
    yield from leaves.iterator(chunk_size=2_000)


def pool_pieces(code: str) -> tuple[int, Iterator[bytes]] | None:
    """Size and pieces of a frozen draw's pool file; None where it is not published."""
    return _file(code, Piece.File.POOL)


def bundle_pieces(code: str) -> tuple[int, Iterator[bytes]] | None:
    """Size and pieces of a verified draw's bundle; None where it is not published."""
    return _file(code, Piece.File.BUNDLE)


def declarations_of(*, dealer_id: int) -> list[Declaration]:
    """A dealer's declarations, the newest first, those that ended included."""
    return list(Declaration.objects.filter(dealer=dealer_id).select_related("program").order_by("-pk"))


def end_reason(draw: Draw) -> str:
    """Why a draw was void or not completed, for everybody to read."""
    known = {
        NOT_CERTIFIED: _("It was not certified within seven days of the reveal."),
        FROZEN_TOO_LATE: _("The pool could not be frozen before the public figures might be known."),
    }
    return known.get(draw.end_reason, draw.end_reason)


def _public(draw: Draw) -> PublicDraw:
    frozen = draw.frozen_at is not None
    drawn = results(draw) if draw.state in RESULTS_PUBLIC_IN else None
    prizes = list(draw.prizes.order_by("position"))
    winners = sum(prize.count for prize in prizes)
    return PublicDraw(
        draw_id=draw.pk,
        id=draw.code,
        state=draw.state,
        program=draw.program.code,
        program_name=draw.program.name,
        program_name_zh=draw.program.name_zh,
        name=draw.name,
        name_zh=draw.name_zh,
        about=draw.about,
        about_zh=draw.about_zh,
        currency=draw.program.currency,
        fund_minor=draw.fund_minor,
        fund_locked=draw.state == DrawState.NOT_COMPLETED
        or (draw.state == DrawState.VOID and draw.takes_fund_of_id is not None),
        registered_from=draw.registered_from,
        registered_until=draw.registered_until,
        paid_included=draw.paid_included,
        reserves_announced=draw.reserves,
        prizes=[_prize(prize) for prize in prizes],
        figures=[_figure(figure) for figure in draw.figures.order_by("position")],
        commitment=draw.commitment,
        announced_at=_known(draw.announced_at),
        freezes_at=draw.freezes_at,
        frozen_at=draw.frozen_at,
        entries=draw.entries,
        pool_hash=draw.pool_hash or None,
        declarations=Excluded.objects.filter(draw=draw).count() if frozen else None,
        reveals_at=draw.reveals_at,
        revealed_at=draw.revealed_at,
        secret=None if draw.secret is None else bytes(draw.secret).hex(),
        drawn_at=draw.drawn_at,
        verified_at=draw.verified_at,
        certified_at=draw.certified_at,
        certified_until=draw.reveals_at + CERTIFIED_WITHIN,
        ended_at=draw.ended_at,
        end_reason=end_reason(draw),
        winners=None if drawn is None else drawn[:winners],
        reserves=None if drawn is None else drawn[winners:],
        has_pool=files.is_published(draw, Piece.File.POOL),
        has_bundle=files.is_published(draw, Piece.File.BUNDLE),
    )


def _prize(prize: Prize) -> PublicPrize:
    return PublicPrize(
        position=prize.position,
        name=prize.name,
        name_zh=prize.name_zh,
        amount_minor=prize.amount_minor,
        count=prize.count,
    )


def _figure(figure: Figure) -> PublicFigure:
    return PublicFigure(
        name=figure.name,
        source=figure.source,
        published_at=figure.published_at,
        beacon_round=figure.beacon_round,
        value=figure.value if figure.confirmed_at is not None else None,
    )


def _result_of(entry: Entry) -> PublicResult | None:
    result = Result.objects.filter(draw=entry.draw, registration=entry.registration_id).first()
    return None if result is None else _with_allotment(entry.draw, result)


def _with_allotment(draw: Draw, result: Result) -> PublicResult:
    return _result(draw, result, Allotment.objects.filter(result=result).first(), prizes_one_by_one(draw))


def _result(draw: Draw, result: Result, allotment: Allotment | None, one_by_one: list[Prize]) -> PublicResult:
    """Before the certificate the first results stand for the prizes in order; afterwards the allotments say."""
    number = result.rank if draw.state != DrawState.CERTIFIED and result.rank < len(one_by_one) else None
    if allotment is not None:
        number = allotment.number
    prize = None if number is None else one_by_one[number]
    return PublicResult(
        rank=result.rank,
        index=result.index,
        leaf=result.leaf,
        reserve=max(0, result.rank - len(one_by_one) + 1),
        prize=number,
        prize_name="" if prize is None else prize.name,
        prize_name_zh="" if prize is None else prize.name_zh,
        amount_minor=None if prize is None else prize.amount_minor,
        ended="" if allotment is None else allotment.end_reason,
    )


def _file(code: str, file: Piece.File) -> tuple[int, Iterator[bytes]] | None:
    draw = Draw.objects.filter(code=code, state__in=PUBLIC_STATES).first()
    if draw is None or not files.is_published(draw, file):
        return None
    return files.size(draw.pk, file), files.stored(draw.pk, file)


def _known(moment: datetime | None) -> datetime:
    assert moment is not None
    return moment
