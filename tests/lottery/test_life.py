"""A draw from its announcement to its awards, worked through."""

import hashlib
from datetime import timedelta

import pytest
from django.utils import timezone

from cashback.ledger.models import Event, Kind, Transfer
from cashback.ledger.posting import AccountKey, balance_minor
from cashback.lib import drawing
from lottery import announcing, certifying, drawing_up, files, freezing, funding, revealing, selectors
from lottery.models import Allotment, DrawState, Entry, Excluded, Figure, Piece, Result
from payouts import collecting
from payouts.models import PendingPayout
from queueing.models import Award, Registration
from tests.lottery.draws import HOUR, lay, pooled
from tests.queueing.lines import leave

pytestmark = pytest.mark.django_db


def test_a_draw_goes_its_way_to_awards_in_pending() -> None:
    program, registrations = pooled(7)
    table = lay(program)
    draw = table.certify()
    assert draw.state == DrawState.CERTIFIED
    assert draw.entries == 7
    pool = b"".join(files.stored(draw.pk, Piece.File.POOL))
    leaves = [Registration.objects.get(pk=registration).leaf for registration in registrations]
    assert pool == "".join(f"{index}\t{leaf}\n" for index, leaf in enumerate(leaves)).encode()
    assert draw.pool_hash == hashlib.sha256(pool).hexdigest()
    assert draw.commitment == hashlib.sha256(bytes(draw.secret or b"")).hexdigest()
    seed = drawing.seed(
        draw_id=draw.code, pool_hash=draw.pool_hash, secret=bytes(draw.secret or b""), figures=table.values
    )
    drawn = drawing.draw(seed=seed, entries=7, results=5)
    assert [result.index for result in table.results()] == drawn
    won = [registrations[index] for index in drawn[:3]]
    awards = Award.objects.filter(source="draw", source_id=draw.pk).order_by("-amount_minor", "pk")
    assert {award.registration_id: award.amount_minor for award in awards} == dict(
        zip(won, [50_000, 10_000, 10_000], strict=True)
    )
    assert collecting.collect(program_id=program.pk, now=timezone.now()).cash >= 3
    assert PendingPayout.objects.filter(source="draw", source_id=draw.pk).count() == 3
    assert funding.fund(program_id=program.pk) == (0, 0)
    public = selectors.public_draw(draw.code)
    assert public is not None
    assert public.winners is not None
    assert public.reserves is not None
    assert [result.index for result in public.winners + public.reserves] == drawn
    assert [result.amount_minor for result in public.winners] == [50_000, 10_000, 10_000]
    assert [result.prize for result in public.reserves] == [None, None]
    found = selectors.bundle_pieces(draw.code)
    assert found is not None
    assert found[0] == len(b"".join(found[1]))


def test_nothing_is_public_before_its_time() -> None:
    program, _ = pooled(5)
    table = lay(program)
    assert selectors.public_draw(table.draw.code) is None
    table.announce()
    public = selectors.public_draw(table.draw.code)
    assert public is not None
    assert public.commitment
    assert (public.secret, public.pool_hash, public.entries, public.winners, public.declarations) == (None,) * 5
    assert not public.has_pool
    freezing.freeze(draw_id=table.id, now=table.frozen)
    public = selectors.public_draw(table.draw.code)
    assert public is not None
    assert public.has_pool
    assert public.pool_hash
    assert public.secret is None
    assert [figure.value for figure in public.figures] == [None, None]
    assert selectors.bundle_pieces(table.draw.code) is None


def test_who_left_is_not_in_the_pool_and_a_place_keeps_its_order() -> None:
    program, registrations = pooled(6)
    leave(registrations[2])
    table = lay(program)
    table.freeze()
    entered = list(Entry.objects.filter(draw=table.draw).order_by("index").values_list("registration_id", flat=True))
    assert entered == registrations[:2] + registrations[3:]


def test_the_period_bounds_the_pool() -> None:
    program, registrations = pooled(6)
    times = list(
        Registration.objects.filter(pk__in=registrations).order_by("pk").values_list("registered_at", flat=True)
    )
    table = lay(program, registered_from=times[1], registered_until=times[3])
    table.freeze()
    assert list(Entry.objects.order_by("index").values_list("registration_id", flat=True)) == registrations[1:4]


def test_the_paid_stay_out_by_rule() -> None:
    program, registrations = pooled(7)
    table = lay(program, paid_included=False)
    table.freeze()
    assert list(Entry.objects.order_by("index").values_list("registration_id", flat=True)) == registrations[2:]
    assert not Excluded.objects.exists()


def test_a_draw_without_entries_is_certified_and_awards_nothing() -> None:
    program, registrations = pooled(2)
    for registration in registrations:
        leave(registration)
    table = lay(program)
    draw = table.certify()
    assert (draw.entries, draw.state) == (0, DrawState.CERTIFIED)
    assert draw.pool_hash == hashlib.sha256(b"").hexdigest()
    assert not Result.objects.exists()
    assert balance_minor(AccountKey(Kind.PRIZE_FUND, "CNY", program.pk)) == 0
    assert Transfer.objects.filter(event=Event.PRIZE_NOT_AWARDED).count() == 3
    assert balance_minor(AccountKey(Kind.REVENUE, "CNY")) >= 70_000


def test_prizes_beyond_the_entries_are_not_awarded() -> None:
    program, _ = pooled(2)
    table = lay(program)
    draw = table.certify()
    assert Award.objects.filter(source="draw", source_id=draw.pk).count() == 2
    [transfer] = Transfer.objects.filter(event=Event.PRIZE_NOT_AWARDED)
    assert (transfer.reference, transfer.amount_minor) == (f"draw:{draw.pk}:2", 10_000)


def test_who_left_since_the_freeze_is_passed_over_in_order_of_rank() -> None:
    program, _ = pooled(7)
    table = lay(program)
    table.verify()
    results = table.results()
    leave(results[0].registration_id)
    leave(results[3].registration_id)  # the first reserve
    certifying.certify(draw_id=table.id, by_id=table.checker, now=table.published)
    living = Allotment.objects.filter(draw=table.draw, ended_at=None).order_by("number")
    assert [(allotment.number, allotment.result_id) for allotment in living] == [
        (0, results[4].pk),
        (1, results[1].pk),
        (2, results[2].pk),
    ]
    assert list(
        Allotment.objects.exclude(ended_at=None).order_by("result__rank").values_list("result_id", "end_reason")
    ) == [(results[0].pk, "not_standing"), (results[3].pk, "not_standing")]
    public = selectors.public_draw(table.draw.code)
    assert public is not None
    assert public.winners is not None
    assert public.reserves is not None
    assert (public.winners[0].ended, public.winners[0].prize) == ("not_standing", 0)
    assert (public.reserves[1].ended, public.reserves[1].amount_minor) == ("", 50_000)


def test_the_freeze_waits_for_the_line() -> None:
    program, registrations = pooled(5)
    table = lay(program, registered_until=timezone.now() + timedelta(minutes=5))
    table.announce()
    assert freezing.due(now=table.frozen) == [table.id]
    with pytest.raises(freezing.NotYetComplete):
        freezing.freeze(draw_id=table.id, now=table.frozen)
    assert table.read().state == DrawState.ANNOUNCED
    assert not Entry.objects.exists()
    assert registrations


def test_a_freeze_that_comes_when_a_figure_may_be_known_ends_the_draw() -> None:
    program, _ = pooled(5)
    table = lay(program)
    table.announce()
    draw = freezing.freeze(draw_id=table.id, now=table.published - timedelta(minutes=60))
    assert (draw.state, draw.end_reason, draw.sealed_secret) == (DrawState.NOT_COMPLETED, "frozen_too_late", None)
    assert funding.cover_minor(program_id=program.pk) == 0


def test_a_freeze_may_wait_half_an_hour_whatever_was_announced() -> None:
    program, _ = pooled(5)
    table = lay(program)
    for early, faulty in ((timedelta(minutes=89), {"figures.0.published_at"}), (timedelta(minutes=90), set())):
        Figure.objects.filter(draw=table.id, position=0).update(published_at=table.frozen + early)
        assert set(announcing.check(draw_id=table.id, now=timezone.now())) == faulty
    table.announce()
    draw = freezing.freeze(draw_id=table.id, now=table.frozen + timedelta(minutes=29))
    assert draw.state == DrawState.FROZEN


def test_the_draw_waits_for_its_figures_and_never_does_without() -> None:
    program, _ = pooled(5)
    table = lay(program)
    table.reveal()
    assert drawing_up.due() == []
    with pytest.raises(drawing_up.FiguresMissing):
        drawing_up.draw_up(draw_id=table.id, now=table.published)
    first, second = table.figures()
    revealing.enter_figure(figure_id=first.pk, value="3000.12", by_id=table.organizer, now=table.published)
    revealing.confirm_figure(figure_id=first.pk, value="3000.12", by_id=table.checker, now=table.published)
    assert drawing_up.due() == []
    revealing.enter_figure(figure_id=second.pk, value="7 9 13", by_id=table.checker, now=table.published)
    revealing.confirm_figure(figure_id=second.pk, value="7 9 13", by_id=table.organizer, now=table.published)
    assert drawing_up.due() == [table.id]


def test_a_draw_not_certified_in_seven_days_is_not_completed() -> None:
    program, _ = pooled(5)
    table = lay(program)
    table.verify()
    late = table.revealed + timedelta(days=7)
    assert drawing_up.expired(now=late - HOUR) == []
    drawing_up.expire(draw_id=table.id, now=late - HOUR)
    assert table.read().state == DrawState.VERIFIED
    assert drawing_up.expired(now=late) == [table.id]
    drawing_up.expire(draw_id=table.id, now=late)
    assert table.read().state == DrawState.NOT_COMPLETED
    assert funding.fund(program_id=program.pk) == (70_000, 70_000)
    public = selectors.public_draw(table.draw.code)
    assert public is not None
    assert "seven days" in public.end_reason


def test_a_station_that_errs_is_found_out() -> None:
    program, _ = pooled(7)
    table = lay(program)
    table.reveal()
    table.enter()
    drawing_up.draw_up(draw_id=table.id, now=table.published, drawer=lambda _recipe: [0, 1, 2, 3, 4])
    with pytest.raises(drawing_up.NotVerified):
        drawing_up.verify(draw_id=table.id, now=table.published)
    assert table.read().state == DrawState.DRAWN
    assert not Piece.objects.filter(file=Piece.File.BUNDLE).exists()
