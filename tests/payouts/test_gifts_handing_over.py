"""Handing gifts over: at the counter, by post, as a code; with the posting, the stock and the erasure it takes."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from cards.models import BlockKind
from cashback.ledger.models import Event, Kind, Transfer
from cashback.ledger.posting import AccountKey, Leg, balance_minor, post
from cashback.lib.serials import format_serial, group_serial
from payouts import choosing, ecodes, handing_over
from payouts.handing_over import ClaimNotAccepted, CodeNotReadable, NotOnItsWay
from payouts.models import ECode, Gift, StockMove
from queueing import epochs, holds
from queueing.attempts import TooManyAttempts
from queueing.intake import CardBlocked
from queueing.models import Erasure, HolderDetails, Registration, TimelineEvent
from queueing.proving import CardNotAccepted
from tests.factories import make_dealer, make_user
from tests.payouts.gifting import Shop, shop
from tests.queueing.holders import other_pin

pytestmark = pytest.mark.django_db


def claim(market: Shop, place: int, code: str, **overrides: Any) -> handing_over.Claimed:
    """The dealer types serial and code; the attempt is counted, as every face does."""
    given: dict[str, Any] = {
        "dealer_id": market.dealer.pk,
        "serial": market.line.cards[place - 1][0],
        "claim_code": code,
        "by_id": market.organizer_id,
        "now": timezone.now(),
        **overrides,
    }
    handing_over.count_claim(dealer_id=given["dealer_id"], serial=given["serial"], now=given["now"])
    return handing_over.claim(**given)


def at_the_counter(place: int = 3, **overrides: Any) -> tuple[Shop, str]:
    """A gift that lies at the dealer's counter, and its code."""
    market = shop(**overrides)
    choice = market.choose(place, market.offer(stock_pieces=2))
    assert [result.ok for result in market.ready(place)] == [True]
    assert choice.claim_code is not None
    return market, choice.claim_code


def test_a_claim_hands_over_and_posts_what_the_gift_cost() -> None:
    market, code = at_the_counter()
    assert market.money() == (3_000, 1_600)
    claimed = claim(market, 3, code)
    gift = market.gift(3)
    assert (claimed.gift, claimed.gift_zh, claimed.handed_over_at) == ("Cup 1", "杯子1", gift.since)
    assert (gift.state, market.money()) == ("handed_over", (2_200, 800))
    assert gift.offer is not None
    assert (gift.offer.stock, gift.offer.reserved) == (1, 0)
    move = StockMove.objects.get(kind="handed_over")
    assert (move.reference, move.pieces, move.by_id) == (f"award:{gift.pk}", -1, market.organizer_id)
    transfer = Transfer.objects.get(event=Event.GIFT_HANDED_OVER)
    assert (transfer.reference, transfer.amount_minor) == (f"award:{gift.pk}", 800)
    assert market.view(3).claim_code is None
    assert TimelineEvent.objects.filter(event="gift_handed_over").count() == 1


def test_serial_and_code_may_be_typed_in_groups_and_small_letters() -> None:
    market, code = at_the_counter()
    serial = group_serial(market.line.cards[2][0])
    assert claim(market, 3, f" {code.lower()} ", serial=serial).gift == "Cup 1"


def test_every_claim_that_is_not_right_is_refused_alike() -> None:
    market, code = at_the_counter()
    market.choose(4, market.offer(stock_pieces=1))  # not ready
    waits = market.view(4).claim_code
    assert waits is not None
    wrong: list[dict[str, Any]] = [
        {"claim_code": "00000-00000"},
        {"claim_code": ""},
        {"claim_code": "0" * 1_000},
        {"claim_code": "杯"},
        {"serial": "12345678901234"},
        {"serial": "1" * 1_000},
        {"serial": market.line.cards[3][0]},
        {"serial": market.line.cards[0][0]},
        {"dealer_id": make_dealer().pk},
        {"serial": market.line.cards[3][0], "claim_code": waits},
    ]
    for overrides in wrong:
        with pytest.raises(ClaimNotAccepted) as refused:
            claim(market, 3, code, **overrides)
        assert (refused.value.code, refused.value.context) == ("claim_not_accepted", {})
    assert not Gift.objects.filter(state="handed_over").exists()


def test_a_claim_is_accepted_once() -> None:
    market, code = at_the_counter()
    claim(market, 3, code)
    with pytest.raises(ClaimNotAccepted):
        claim(market, 3, code)
    assert market.money() == (2_200, 800)


def test_attempts_at_a_claim_are_counted_by_dealer_and_by_serial(settings: Any) -> None:
    settings.CLIENT_ATTEMPTS_PER_MINUTE = 2
    now = timezone.now()

    def count(dealer: int, serial: str) -> None:
        handing_over.count_claim(dealer_id=dealer, serial=serial, now=now)

    count(1, "no serial")
    count(1, format_serial(7))
    with pytest.raises(TooManyAttempts):
        count(1, "no serial")
    count(2, group_serial(format_serial(7)))
    with pytest.raises(TooManyAttempts):
        count(3, format_serial(7))


def test_a_code_that_was_given_before_another_choice_is_dead() -> None:
    market = shop()
    first = market.choose(3, market.offer(stock_pieces=1)).claim_code
    market.choose(3, market.offer(stock_pieces=1))
    market.ready(3)
    assert first is not None
    with pytest.raises(ClaimNotAccepted):
        claim(market, 3, first)


def test_a_frozen_card_fetches_nothing() -> None:
    market, code = at_the_counter()
    number = Registration.objects.get(pk=market.line.receipts[2].registration_id).card_id
    now = timezone.now()
    block = holds.prepare(number=number, kind=BlockKind.FROZEN, reason="doubtful", by_id=make_user().pk, now=now)
    holds.approve(block_id=block.pk, by_id=make_user("checker").pk, now=now)
    with pytest.raises(ClaimNotAccepted):
        claim(market, 3, code)
    assert market.gift(3).state == "ready"


def test_a_hand_over_erases_the_address_and_what_is_left_of_the_contact() -> None:
    market = shop(contact_hold_seconds=86_400)
    market.choose(3, market.offer(stock_pieces=1), "post")
    registration = market.line.receipts[2].registration_id
    assert HolderDetails.objects.filter(pk=registration, contact__isnull=False, delivery__isnull=False).exists()
    market.ready(3, tracking="SF123")
    assert market.view(3).tracking == "SF123"
    handing_over.confirm_received(receipt=market.line.receipts[2].receipt, now=timezone.now())
    assert not HolderDetails.objects.filter(pk=registration).exists()
    erased = Erasure.objects.filter(registration=registration, why="handed_over")
    assert sorted(erased.values_list("what", flat=True)) == ["contact", "delivery"]
    assert not erased.filter(signature="").exists()
    assert (market.gift(3).state, market.gift(3).tracking) == ("handed_over", "")


def test_in_a_line_who_still_waits_for_cash_keeps_payee_and_contact() -> None:
    market = shop(rule="line", card_price_minor=5_500)
    market.choose(3, market.offer(stock_pieces=1), "post")
    market.ready(3)
    handing_over.confirm_received(receipt=market.line.receipts[2].receipt, now=timezone.now())
    held = HolderDetails.objects.get(pk=market.line.receipts[2].registration_id)
    assert (held.delivery, held.payee is None, held.contact is None) == (None, False, False)


def test_received_is_said_once_and_only_of_a_parcel() -> None:
    market = shop()
    receipt = market.line.receipts[2].receipt
    cup = market.offer(stock_pieces=1)
    with pytest.raises(NotOnItsWay):
        handing_over.confirm_received(receipt=receipt, now=timezone.now())
    market.choose(3, cup, "post")
    with pytest.raises(NotOnItsWay):
        handing_over.confirm_received(receipt=receipt, now=timezone.now())
    market.ready(3)
    for _ in range(2):
        handing_over.confirm_received(receipt=receipt, now=timezone.now())
    assert market.money() == (2_200, 0)


def read(market: Shop, place: int, *, pin: str | None = None) -> str:
    """The holder of a place reads the e-code."""
    serial, own = market.line.cards[place - 1]
    return handing_over.read_code(
        receipt=market.line.receipts[place - 1].receipt, serial=serial, pin=pin or own, now=timezone.now()
    )


def test_reading_a_code_hands_it_over_and_it_can_be_read_again() -> None:
    market = shop()
    market.choose(3, market.offer(codes=["SECRET-1"]), "code")
    assert market.view(3).code_readable
    assert market.money() == (3_000, 800)
    assert [read(market, 3), read(market, 3)] == ["SECRET-1", "SECRET-1"]
    assert (market.gift(3).state, market.money()) == ("handed_over", (2_200, 0))
    assert market.view(3).code_readable
    assert StockMove.objects.filter(kind="handed_over").count() == 1


def test_a_code_is_not_read_without_the_pin_or_without_one_to_read() -> None:
    market = shop()
    market.choose(3, market.offer(codes=["SECRET-1"]), "code")
    with pytest.raises(CardNotAccepted):
        read(market, 3, pin=other_pin(market.line.cards[2][1]))
    with pytest.raises(CodeNotReadable):
        read(market, 4)
    with pytest.raises(CodeNotReadable):
        read(market, 1)


def test_a_frozen_card_reads_no_code() -> None:
    market = shop()
    market.choose(3, market.offer(codes=["SECRET-1"]), "code")
    number = Registration.objects.get(pk=market.line.receipts[2].registration_id).card_id
    now = timezone.now()
    block = holds.prepare(number=number, kind=BlockKind.FROZEN, reason="doubtful", by_id=make_user().pk, now=now)
    holds.approve(block_id=block.pk, by_id=make_user("checker").pk, now=now)
    with pytest.raises(CardBlocked):
        read(market, 3)


def test_codes_are_wrapped_anew_when_their_epoch_ends() -> None:
    market = shop()
    market.choose(3, market.offer(codes=["SECRET-1", "SECRET-2"]), "code")
    now = timezone.now()
    old = epochs.current(now).pk
    epochs.rotate(now=now)
    assert ecodes.sealed_under(old) == 2
    assert old not in epochs.destroy_retired(now=now)
    assert ecodes.rewrap_codes(limit=10, now=now) == 2
    assert ecodes.sealed_under(old) == 0
    assert read(market, 3) == "SECRET-1"


def test_codes_are_sealed(database_refuses: Any) -> None:
    market = shop()
    market.offer(codes=["SECRET-1"])
    [code] = ECode.objects.all()
    assert b"SECRET" not in bytes(code.code) + bytes(code.digest)
    with database_refuses("permission denied for table payouts_ecode"):
        code.code = b"x"
        code.save(update_fields=["code"])


@pytest.mark.usefixtures("unbalanced")
def test_what_the_reserve_lacks_is_the_organizers_loss() -> None:
    market, code = at_the_counter()
    revenue = AccountKey(Kind.REVENUE, "CNY")
    reserve = AccountKey(Kind.GIFT_RESERVE, "CNY", market.program_id)
    leg = Leg(debit=reserve, credit=revenue, amount_minor=2_500)
    post(event=Event.CORRECTION, reference="emptied", legs=[leg], now=timezone.now())
    before = balance_minor(revenue)
    claim(market, 3, code)
    assert market.money() == (0, 800)
    assert balance_minor(revenue) == before - 300
    [lost] = Transfer.objects.filter(event=Event.GIFT_LOST)
    assert (lost.reference, lost.amount_minor) == (f"award:{market.gift(3).pk}", 300)


def test_claim_codes_differ_by_award_and_choice() -> None:
    codes = {choosing.claim_code(award_id=award, choice=choice) for award in range(50) for choice in range(20)}
    assert len(codes) == 1_000


def test_a_hand_over_that_is_cut_off_leaves_everything_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    market, code = at_the_counter()

    def cut(name: str) -> None:
        raise ConnectionError(name)

    with monkeypatch.context() as patch:
        patch.setattr(handing_over, "failpoint", cut)
        with pytest.raises(ConnectionError):
            claim(market, 3, code)
    assert (market.gift(3).state, market.money()) == ("ready", (3_000, 1_600))
    assert claim(market, 3, code, now=timezone.now() + timedelta(minutes=5)).gift == "Cup 1"
