"""Correcting: with receipt, serial and PIN, until a release holds the payee."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from cashback.lib.errors import InvalidDetails
from queueing import details
from queueing.correcting import HeldForPayment, NothingToCorrect, correct
from queueing.correction import Account, Holder
from queueing.details import Contact, Payee
from queueing.intake import Receipt
from queueing.models import Erasure, HolderDetails, Registration, TimelineEvent
from queueing.proving import CardNotAccepted, ReceiptUnknown
from tests.factories import sold_cards
from tests.queueing.holders import ACCOUNT_NUMBER, EMAIL, NAME, PHONE, enter, other_pin

OTHER = Account(kind="iban", number="DE89370400440532013000", bank="Commerzbank")
WANG = Holder(name="王五", phone="", email="wang@example.com")


@pytest.fixture
def registered(db: None) -> tuple[tuple[str, str], Receipt]:
    _, cards = sold_cards(2)
    return cards[0], enter(cards[0])


def payee(receipt: Receipt) -> Payee | None:
    return details.read_payees(registration_ids=[receipt.registration_id]).get(receipt.registration_id)


def contact(receipt: Receipt) -> Contact | None:
    return details.read_contacts(registration_ids=[receipt.registration_id]).get(receipt.registration_id)


def change(registered: tuple[tuple[str, str], Receipt], **given: Any) -> int:
    (serial, pin), receipt = registered
    parts: dict[str, Any] = {"holder": None, "account": None, "now": timezone.now()} | given
    return correct(**({"receipt": receipt.receipt, "serial": serial, "pin": pin} | parts))


def test_another_account_keeps_name_and_contact(registered: Any) -> None:
    assert change(registered, account=OTHER) == 2
    receipt = registered[1]
    assert payee(receipt) == Payee(name=NAME, account_kind="iban", account_number=OTHER.number, bank="Commerzbank")
    assert contact(receipt) == Contact(phone=PHONE, email=EMAIL)
    assert TimelineEvent.objects.get().event == "corrected"
    assert details.versions(registration_ids=[receipt.registration_id]) == {receipt.registration_id: 2}


def test_another_holder_keeps_the_account_and_replaces_the_contact(registered: Any) -> None:
    change(registered, holder=WANG)
    receipt = registered[1]
    assert payee(receipt) == Payee(name="王五", account_kind="cn_card", account_number=ACCOUNT_NUMBER, bank="ICBC")
    assert contact(receipt) == Contact(phone="", email="wang@example.com")
    change(registered, holder=Holder(name="王五", phone="", email=""))
    assert contact(receipt) is None


def test_what_is_the_same_or_nothing_at_all_is_no_correction(registered: Any) -> None:
    with pytest.raises(NothingToCorrect):
        change(registered)
    with pytest.raises(NothingToCorrect):
        change(registered, holder=Holder(name=NAME, phone=PHONE, email=EMAIL))
    assert not TimelineEvent.objects.exists()


def test_receipt_serial_and_pin_are_all_needed(registered: Any) -> None:
    (_, pin), receipt = registered
    with pytest.raises(CardNotAccepted):
        change(registered, account=OTHER, pin=other_pin(pin))
    with pytest.raises(CardNotAccepted):
        change(registered, account=OTHER, serial="00000000000098")
    with pytest.raises(ReceiptUnknown):
        change(registered, account=OTHER, receipt="0" * 26)
    assert payee(receipt) is not None


def test_a_held_payee_is_neither_corrected_nor_held_twice(registered: Any) -> None:
    mine, now = registered[1].registration_id, timezone.now()
    assert details.hold(versions={mine: 2}, release_id=7, now=now) == set()
    assert details.hold(versions={mine: 1}, release_id=7, now=now) == {mine}
    assert details.hold(versions={mine: 1}, release_id=8, now=now) == set()
    with pytest.raises(HeldForPayment):
        change(registered, account=OTHER)
    assert details.let_go(registration_ids=[mine], release_id=8) == set()
    assert details.let_go(registration_ids=[mine], release_id=7) == {mine}
    assert change(registered, account=OTHER) == 2


@pytest.mark.parametrize("end", ["frozen_at", "withdrawn_at", "voided_at"])
@pytest.mark.usefixtures("unbalanced")
def test_what_is_frozen_or_does_not_stand_is_not_held(registered: Any, end: str) -> None:
    mine, now = registered[1].registration_id, timezone.now()
    Registration.objects.update(**{end: now})
    assert details.hold(versions={mine: 1}, release_id=7, now=now) == set()


def test_erased_details_are_given_again_only_for_an_open_award_and_whole(registered: Any) -> None:
    mine = registered[1].registration_id
    change(registered, account=OTHER)
    HolderDetails.objects.all().delete()
    Erasure.objects.create(
        registration_id=mine, at=timezone.now(), what="payee_and_contact", why="refunded", backups_until=timezone.now()
    )
    with pytest.raises(NothingToCorrect):
        change(registered, account=OTHER, holder=WANG)
    with pytest.raises(InvalidDetails) as caught:
        change(registered, account=OTHER, erased_allowed=True)
    assert list(caught.value.errors) == ["holder.name"]
    now = timezone.now()
    version = change(registered, account=OTHER, holder=WANG, erased_allowed=True, now=now)
    assert version > 2
    assert payee(registered[1]) is not None
    assert HolderDetails.objects.get().erase_by > now + timedelta(days=30)
    assert change(registered, account=OTHER, holder=Holder(name=NAME, phone="", email="")) == version + 1


def test_an_erased_payee_leaves_only_the_contact_to_correct(registered: Any) -> None:
    HolderDetails.objects.update(payee=None, payee_key=None, payee_fingerprint=None)
    with pytest.raises(NothingToCorrect):
        change(registered, account=OTHER)
    change(registered, holder=WANG)
    assert (payee(registered[1]), contact(registered[1])) == (None, Contact(phone="", email="wang@example.com"))
    change(registered, holder=WANG, account=OTHER, erased_allowed=True)
    assert payee(registered[1]) is not None


def test_the_same_account_is_counted_as_one_payee(registered: Any) -> None:
    program, cards = sold_cards(3)
    receipts = [enter(card, name=name) for card, name in zip(cards, [NAME, "Zhang San", "李四"], strict=True)]
    change((cards[2], receipts[2]), account=OTHER)
    ids = [receipt.registration_id for receipt in receipts]
    assert details.payee_counts(program.pk, ids) == {ids[0]: 2, ids[1]: 2, ids[2]: 1}


@pytest.mark.django_db(transaction=True)
def test_a_correction_and_a_hold_at_once_exclude_each_other(
    race: Callable[[Callable[[int], Any], int], list[Any]],
) -> None:
    _, cards = sold_cards(10)
    for card in cards:
        receipt = enter(card)
        mine = receipt.registration_id

        def work(number: int, mine: int = mine, card: Any = card, receipt: Receipt = receipt) -> Any:
            if number:
                return details.hold(versions={mine: 1}, release_id=7, now=timezone.now())
            return change((card, receipt), account=OTHER)

        corrected, held = race(work, 2)
        assert (corrected == 2) != (held == {mine}), (corrected, held)
        assert isinstance(corrected, HeldForPayment) == (held == {mine})
