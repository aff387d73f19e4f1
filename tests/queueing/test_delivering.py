"""The delivery of a gift: held sealed for as long as the gift is on its way, beside the rest or alone."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from cashback.lib import books
from cashback.lib.crypto.keyring import UnknownEpoch
from queueing import delivering, details, epochs, erasing, status
from queueing.correcting import NothingToCorrect, correct
from queueing.correction import Account, Delivery, Holder
from queueing.details import Contact
from queueing.exporting import export
from queueing.intake import Receipt
from queueing.models import Award, AwardKind, Erasure, HolderDetails, Registration, SigningKey, Source
from queueing.withdrawing import withdraw
from tests.factories import sold_cards
from tests.privacy.scanner import Scanner
from tests.queueing.holders import EMAIL, PHONE, enter
from tests.queueing.lines import line_of, settle, small
from tests.queueing.test_erasing import columns, erase, verifies

pytestmark = pytest.mark.django_db
Race = Callable[[Callable[[int], Any], int], list[Any]]
HOME = Delivery(
    name="诸葛彧骞",
    phone="+8613812345678",
    email="gift.only@example.com",
    country="CN",
    postcode="518057",
    address="广东省深圳市南山区科技园路88号\n璟翀大厦12层",
)
COUNTER = Delivery(name="", phone="+8613912345678", email="", country="", postcode="", address="")
SOON = timedelta(days=60)
LATER = timedelta(days=3_000)


def hold(registration: int, delivery: Delivery = HOME, *, until: datetime | None = None) -> datetime:
    """Hold a delivery for sixty days, or until a time."""
    now = timezone.now()
    erase_by = until or now + SOON
    with transaction.atomic():
        delivering.hold_delivery(registration_id=registration, delivery=delivery, erase_by=erase_by, now=now)
    return erase_by


def held(registration: int) -> Delivery | None:
    return delivering.read_deliveries(registration_ids=[registration]).get(registration)


def keep_until(registration: int, at: datetime) -> int:
    with transaction.atomic():
        return delivering.keep_delivery_until(registration_ids=[registration], at=at)


@pytest.fixture
def gifted(db: None) -> Iterator[int]:
    """A registration whose verdict is a gift: its payee is gone, its contact is to go soon.

    Nobody gives here, so that a delivery left by the test goes at its end: none is held unless a gift is on its way.
    """
    program, registrations = line_of(5, **small())
    settle(program)
    yield registrations[4]
    erase(registrations, "delivery")


@pytest.fixture
def bare(gifted: int) -> int:
    """One of whom nothing is held any more."""
    erase([gifted], "contact")
    assert not HolderDetails.objects.filter(pk=gifted).exists()
    return gifted


def award_gift(receipt: Receipt) -> None:
    """A gift without a pass."""
    registration = Registration.objects.get(pk=receipt.registration_id)
    Award.objects.create(
        registration=registration,
        program_id=registration.program_id,
        source=Source.CYCLE,
        source_id=1,
        place=1,
        kind=AwardKind.GIFT,
        amount_minor=2_000,
        awarded_at=timezone.now(),
    )


def test_a_delivery_is_held_beside_the_contact_and_changes_nothing_else(gifted: int) -> None:
    before = columns(gifted)
    erase_by = hold(gifted)
    after = columns(gifted)
    assert held(gifted) == HOME
    assert after["delivery_erase_by"] == erase_by
    changed = {name for name in before if before[name] != after[name]}
    assert changed - {"contact_key"} == {"delivery", "delivery_key", "delivery_erase_by"}  # a key is wrapped anew
    assert details.read_contacts(registration_ids=[gifted]) == {gifted: Contact(phone=PHONE, email=EMAIL)}


def test_a_delivery_makes_a_row_again_where_nothing_is_held(bare: int) -> None:
    erase_by = hold(bare)
    row = columns(bare)
    assert held(bare) == HOME
    assert row["erase_by"] == row["delivery_erase_by"] == erase_by
    assert row["version"] > 1
    assert details.versions(registration_ids=[bare]) == {bare: None}
    assert details.hold(versions={bare: row["version"]}, release_id=7, now=timezone.now()) == set()
    assert details.read_payees(registration_ids=[bare]) == {}
    assert details.read_contacts(registration_ids=[bare]) == {}


def test_another_delivery_takes_the_place_of_the_first(bare: int) -> None:
    hold(bare)
    version = columns(bare)["version"]
    erase_by = hold(bare, COUNTER, until=timezone.now() + timedelta(days=5))
    assert held(bare) == COUNTER
    assert (columns(bare)["erase_by"], columns(bare)["version"]) == (erase_by, version)


@pytest.mark.usefixtures("unbalanced")
@pytest.mark.parametrize("end", ["withdrawn_at", "voided_at"])
def test_nothing_is_held_for_who_has_left(end: str) -> None:
    _, [registration] = line_of(1)
    Registration.objects.update(**{end: timezone.now()})
    with pytest.raises(delivering.NobodyToDeliverTo):
        hold(registration)
    assert held(registration) is None


@pytest.mark.parametrize("why", ["handed_over", "lapsed"])
def test_the_hand_over_destroys_it_with_a_proof_of_its_own(bare: int, why: str) -> None:
    hold(bare)
    with transaction.atomic():
        found = erasing.erase(registration_ids=[bare], what="delivery", why=why, now=timezone.now())
    assert found == [bare]
    assert not HolderDetails.objects.filter(pk=bare).exists()
    erasure = Erasure.objects.latest("id")
    assert (erasure.what, erasure.why) == ("delivery", why)
    assert verifies(erasure)
    assert erasure.backups_until == epochs.current(timezone.now()).ends_at + erasing.KEY_GRACE
    assert erase([bare], "delivery") == []


def test_the_contact_outlives_a_delivery_and_a_delivery_the_contact(gifted: int) -> None:
    hold(gifted)
    erase([gifted], "delivery")
    assert columns(gifted)["contact"] is not None
    erase_by = hold(gifted)
    erase([gifted], "contact")
    left = columns(gifted)
    assert (left["contact"], left["erase_by"], held(gifted)) == (None, erase_by, HOME)


@pytest.mark.usefixtures("unbalanced")
def test_a_payee_goes_and_leaves_the_delivery_its_own_time() -> None:
    _, cards = sold_cards(1)
    receipt = enter(cards[0], phone="", email="", digest=b"d" * 32)
    award_gift(receipt)
    mine = receipt.registration_id
    erase_by = hold(mine)
    assert columns(mine)["erase_by"] != erase_by
    erase([mine], "payee")
    left = columns(mine)
    assert (left["payee"], left["request_digest"], left["erase_by"]) == (None, None, erase_by)
    assert [erasure.what for erasure in Erasure.objects.all()] == ["payee"]


def test_whoever_is_done_with_takes_the_delivery_along(gifted: int) -> None:
    hold(gifted)
    assert erase([gifted], "payee_and_contact") == [gifted]
    assert not HolderDetails.objects.filter(pk=gifted).exists()
    last = Erasure.objects.filter(registration_id=gifted, why="refunded").order_by("id")
    assert [erasure.what for erasure in last] == ["contact", "delivery"]
    assert all(verifies(erasure) for erasure in last)


@pytest.mark.usefixtures("unbalanced")
def test_withdrawing_destroys_a_delivery_too() -> None:
    _, cards = sold_cards(1)
    (serial, pin), receipt = cards[0], enter(cards[0])
    award_gift(receipt)
    hold(receipt.registration_id)
    withdraw(receipt=receipt.receipt, serial=serial, pin=pin, now=timezone.now())
    assert not HolderDetails.objects.exists()
    assert set(Erasure.objects.values_list("what", "why")) == {
        ("payee_and_contact", "withdrawn"),
        ("delivery", "withdrawn"),
    }
    found = status.find(receipt.receipt)
    assert (found.details, found.delivery_held) == ("erased", False)
    assert "erased_delivery" in [happened.event for happened in found.timeline]


def test_the_eraser_takes_a_delivery_at_its_own_time(gifted: int) -> None:
    erase_by = hold(gifted, until=timezone.now() + timedelta(seconds=30))
    assert erasing.erase_due(now=erase_by - timedelta(seconds=1)) == 0
    assert erasing.erase_due(now=erase_by) == 1
    assert columns(gifted)["contact"] is not None
    assert Erasure.objects.filter(what="delivery", why="time_over").count() == 1


def test_a_gift_still_on_its_way_keeps_its_delivery_though_the_rest_is_over(gifted: int) -> None:
    hold(gifted)
    last = columns(gifted)["erase_by"] + timedelta(days=10)
    assert keep_until(gifted, last) == 1
    assert keep_until(gifted, last - timedelta(days=1)) == 0
    erasing.erase_due(now=last - timedelta(days=1))
    left = columns(gifted)
    assert (left["contact"], left["delivery_erase_by"], left["erase_by"]) == (None, last, last)
    assert keep_until(gifted, last + timedelta(days=5)) == 1
    left = columns(gifted)
    assert (left["erase_by"], left["extended_for"]) == (last + timedelta(days=5), "gift_open")
    assert erasing.erase_due(now=last) == 0
    assert erasing.erase_due(now=last + timedelta(days=5)) == 1
    assert not HolderDetails.objects.filter(pk=gifted).exists()


def test_what_is_kept_for_a_payout_does_not_move_a_delivery(bare: int) -> None:
    erase_by = hold(bare)
    near = erase_by - timedelta(days=1)
    assert erasing.extend(registration_ids=[bare], why="payout_open", now=near) == 0
    erasing.keep_longer(now=near)
    assert columns(bare)["erase_by"] == erase_by


@pytest.mark.usefixtures("unbalanced")
def test_the_end_of_everything_is_one_round_of_the_eraser() -> None:
    _, cards = sold_cards(1)
    receipt = enter(cards[0])
    award_gift(receipt)
    hold(receipt.registration_id)
    assert erasing.erase_due(now=timezone.now() + LATER) == 1
    assert not HolderDetails.objects.exists()
    assert set(Erasure.objects.values_list("what", "why")) == {
        ("payee_and_contact", "time_over"),
        ("delivery", "time_over"),
    }


@pytest.mark.parametrize("alone", [False, True])
def test_a_turn_of_epochs_takes_the_delivery_along(gifted: int, alone: bool) -> None:
    if alone:
        erase([gifted], "contact")
    hold(gifted)
    backup = HolderDetails.objects.get(pk=gifted)
    now = timezone.now()
    old = epochs.current(now)
    epochs.rotate(now=now)
    assert epochs.destroy_retired(now=now) == []
    epochs.rewrap(limit=100)
    assert epochs.destroy_retired(now=now) == [old.pk]
    assert held(gifted) == HOME
    with pytest.raises(UnknownEpoch):
        epochs.ring().unwrap(backup.epoch_id, bytes(backup.delivery_key or b""))


def test_a_delivery_given_after_a_turn_takes_the_row_into_the_new_epoch(gifted: int) -> None:
    epochs.rotate(now=timezone.now())
    hold(gifted)
    assert columns(gifted)["epoch_id"] == epochs.current(timezone.now()).pk
    assert held(gifted) == HOME
    assert details.read_contacts(registration_ids=[gifted]) == {gifted: Contact(phone=PHONE, email=EMAIL)}
    erase([gifted], "delivery")
    epochs.rotate(now=timezone.now())
    hold(gifted, COUNTER)
    assert held(gifted) == COUNTER


@pytest.fixture
def returned(db: None) -> tuple[tuple[str, str], Receipt]:
    """A holder of whom only a delivery is held, and whose payment came back: `line` gave both."""
    _, cards = sold_cards(1)
    receipt = enter(cards[0])
    award_gift(receipt)
    erase([receipt.registration_id], "payee_and_contact")
    hold(receipt.registration_id)
    return cards[0], receipt


@pytest.mark.usefixtures("unbalanced")
def test_an_account_is_given_again_beside_a_delivery(returned: Any) -> None:
    (serial, pin), receipt = returned
    mine, now = receipt.registration_id, timezone.now()
    epochs.rotate(now=now)
    card = {"receipt": receipt.receipt, "serial": serial, "pin": pin, "now": now}
    account = Account(kind="iban", number="DE89370400440532013000", bank="")
    with pytest.raises(NothingToCorrect):
        correct(**card, holder=Holder(name="王五", phone="", email=""), account=account)
    before = columns(mine)
    version = correct(**card, holder=Holder(name="王五", phone="", email=""), account=account, erased_allowed=True)
    after = columns(mine)
    assert version > before["version"]
    assert details.versions(registration_ids=[mine]) == {mine: version}
    assert after["delivery_erase_by"] == before["delivery_erase_by"] < after["erase_by"]
    assert held(mine) == HOME
    assert details.hold(versions={mine: version}, release_id=7, now=now) == {mine}
    erase([mine], "payee")
    assert columns(mine)["erase_by"] == before["delivery_erase_by"]


@pytest.mark.usefixtures("unbalanced")
def test_an_export_and_the_status_show_the_delivery() -> None:
    _, cards = sold_cards(1)
    (serial, pin), receipt = cards[0], enter(cards[0])
    award_gift(receipt)
    erase_by = hold(receipt.registration_id)
    found: Any = export(receipt=receipt.receipt, serial=serial, pin=pin, now=timezone.now())
    assert found["delivery"]["address"] == HOME.address
    assert found["delivery_erase_by"].endswith("Z")
    shown = status.find(receipt.receipt)
    assert (shown.details, shown.delivery_held, shown.delivery_erase_by) == ("held", True, erase_by)
    erase([receipt.registration_id], "payee_and_contact")
    hold(receipt.registration_id, COUNTER)
    shown = status.find(receipt.receipt)
    assert (shown.details, shown.payee_held, shown.contact_held) == ("held", False, False)


def test_the_books_tell_deliveries_and_find_the_overdue_and_the_purposeless(gifted: int) -> None:
    erase_by = hold(gifted)
    now = timezone.now()
    found = {holding.what: holding for holding in books.holdings(now)}
    [told] = [holding for what, holding in found.items() if what.startswith("delivery")]
    assert (told.records, told.overdue, told.latest) == (1, 0, erase_by)
    assert not any("past their time" in breach for breach in books.breaches(now))
    assert any("past their time" in breach for breach in books.breaches(erase_by + timedelta(minutes=3)))


@pytest.mark.usefixtures("unbalanced")
def test_a_delivery_without_a_gift_is_a_breach() -> None:
    _, [registration] = line_of(1)
    hold(registration)
    assert any("without a purpose" in breach for breach in books.breaches(timezone.now()))


def test_a_delivery_is_held_whole_and_alone_under_its_own_time(bare: int, database_refuses: Any) -> None:
    hold(bare)
    row = HolderDetails.objects.filter(pk=bare)
    with database_refuses("queueing_holderdetails_delivery_whole"):
        row.update(delivery_key=None)
    with database_refuses("queueing_holderdetails_delivery_whole"):
        row.update(delivery=None, delivery_key=None)
    with database_refuses("queueing_holderdetails_something_held"):
        row.update(delivery=None, delivery_key=None, delivery_erase_by=None)
    with database_refuses("queueing_holderdetails_delivery_alone"):
        row.update(erase_by=timezone.now() + LATER)
    with database_refuses("queueing_erasure_what_known"):
        Erasure.objects.create(
            registration_id=bare, at=timezone.now(), what="address", why="x", backups_until=timezone.now()
        )


def test_statistics_are_off_on_what_is_sealed() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT attname FROM pg_attribute WHERE attrelid = 'queueing_holderdetails'::regclass"
            " AND atttypid = 'bytea'::regtype AND coalesce(attstattarget, -1) <> 0"
        )
        assert cursor.fetchall() == []


def test_a_delivery_is_in_no_row_in_clear_and_opens_for_no_other_card(gifted: int) -> None:
    hold(gifted)
    scanner = Scanner.of([HOME.name, HOME.phone, HOME.email, *HOME.address.split("\n")])
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        for (table,) in cursor.fetchall():
            cursor.execute(f'SELECT record FROM "{table}" AS record')
            assert not scanner.scan(repr(cursor.fetchall()).encode(), table)
            if table == "queueing_holderdetails":
                cursor.execute("SELECT delivery FROM queueing_holderdetails WHERE delivery IS NOT NULL")
                assert not scanner.scan(bytes(cursor.fetchone()[0]), table)
    for text in ("诸葛", "gift.only", "璟翀"):
        assert text not in repr(HOME)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("unbalanced")
def test_a_delivery_given_while_its_holder_leaves_is_not_left_behind(race: Race) -> None:
    _, cards = sold_cards(12)
    receipts = [enter(card) for card in cards]
    gone = [receipt.registration_id for receipt in receipts[:6]]
    with transaction.atomic():
        erasing.erase(registration_ids=gone, what="payee_and_contact", why="time_over", now=timezone.now())

    def work(number: int) -> None:
        for (serial, pin), receipt in zip(cards, receipts, strict=True):
            if number:
                withdraw(receipt=receipt.receipt, serial=serial, pin=pin, now=timezone.now())
            else:
                try:
                    hold(receipt.registration_id)
                except delivering.NobodyToDeliverTo:
                    continue

    assert race(work, 2) == [None, None]
    assert not HolderDetails.objects.exists()
    assert SigningKey.objects.count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("unbalanced")
def test_two_who_give_a_delivery_at_once_leave_one(race: Race) -> None:
    _, [registration] = line_of(1)
    erase([registration], "payee_and_contact")
    race(lambda number: hold(registration, HOME if number else COUNTER), 4)
    assert held(registration) in (HOME, COUNTER)
    assert HolderDetails.objects.count() == 1
