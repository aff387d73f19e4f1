"""Registering: what it writes, what it refuses, and that a stranger learns nothing from a refusal."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test import override_settings
from django.utils import timezone

from cards.models import Block, BlockKind, Lot, Program
from cards.returns import return_cards
from cashback.lib.crypto.digests import PinKey, leaf, receipt_digest
from cashback.lib.crypto.signatures import receipt_lines, verify_lines
from cashback.lib.errors import DomainError, InvalidDetails
from cashback.lib.serials import format_serial
from queueing import details, epochs, intake, keys
from queueing.intake import AlreadyRegistered, CardBlocked, CardNotAccepted, ProgramNotOpen, product_matches, register
from queueing.models import HolderDetails, KeyEpoch, Line, Registration, SigningKey
from queueing.rows import fetch_prepared
from tests.factories import make_user, mint_cards, sold_cards
from tests.queueing.holders import ACCOUNT_NUMBER, EMAIL, NAME, PHONE, enter, entry, other_pin, product

Race = Callable[[Callable[[int], Any], int], list[Any]]
Refuses = Callable[[str], AbstractContextManager[None]]


@contextmanager
def statements() -> Iterator[list[str]]:
    """What is sent to the database within the block, but for what opens and ends transactions."""
    sent: list[str] = []

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if not sql.startswith(("SAVEPOINT", "RELEASE SAVEPOINT", "ROLLBACK TO SAVEPOINT")):
            sent.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        yield sent


@pytest.mark.django_db
def test_a_registration_is_written_with_a_receipt_that_verifies() -> None:
    program, cards = sold_cards(1)
    serial, _ = cards[0]
    receipt = enter(cards[0])
    registration = Registration.objects.get()
    assert registration.pk == receipt.registration_id
    assert (registration.card_id, registration.program_id) == (int(serial[:12]), program.pk)
    assert bytes(registration.receipt_digest) == receipt_digest(receipt.receipt)
    assert receipt.program == program.code
    assert registration.registered_at == receipt.registered_at
    nonce = bytes.fromhex(receipt.nonce)
    assert len(nonce) == 32
    assert receipt.leaf == registration.leaf == leaf(serial, nonce)
    lines = receipt_lines(
        key_id=receipt.key_id, serial=serial, nonce=nonce, leaf=receipt.leaf, registered_at=receipt.registered_at
    )
    public_key = bytes.fromhex(SigningKey.objects.get(pk=receipt.key_id).public_key)
    assert verify_lines(public_key, lines, receipt.signature)
    assert not hasattr(registration, "place")


@pytest.mark.django_db
def test_details_are_sealed_apart_and_open_again() -> None:
    _, cards = sold_cards(2)
    first, second = enter(cards[0]), enter(cards[1], phone="", email="")
    payees = details.read_payees(registration_ids=[first.registration_id, second.registration_id])
    assert payees[first.registration_id] == details.Payee(
        name=NAME, account_kind="cn_card", account_number=ACCOUNT_NUMBER, bank="ICBC"
    )
    contacts = details.read_contacts(registration_ids=[first.registration_id, second.registration_id])
    assert contacts == {first.registration_id: details.Contact(phone=PHONE, email=EMAIL)}
    rows = list(HolderDetails.objects.order_by("pk"))
    payees_sealed = [bytes(row.payee or b"") for row in rows]
    assert payees_sealed[0] != payees_sealed[1]
    fingerprints = {bytes(row.payee_fingerprint or b"") for row in rows}
    assert len(fingerprints) == 1
    assert fingerprints != {b""}
    assert rows[1].contact is None
    everything = b"".join(bytes(value) for row in rows for value in vars(row).values() if isinstance(value, memoryview))
    for planted in (NAME, PHONE, EMAIL, ACCOUNT_NUMBER):
        assert planted.encode() not in everything


@pytest.mark.django_db
def test_details_moved_to_another_registration_do_not_open() -> None:
    _, cards = sold_cards(2)
    first, second = enter(cards[0]), enter(cards[1])
    stolen = HolderDetails.objects.get(pk=first.registration_id)
    HolderDetails.objects.filter(pk=second.registration_id).update(payee=stolen.payee, payee_key=stolen.payee_key)
    with pytest.raises(Exception, match=r"^$") as caught:
        details.read_payees(registration_ids=[second.registration_id])
    assert type(caught.value).__name__ == "BrokenSeal"


@pytest.mark.django_db
@override_settings(TIME_ZONE="Asia/Shanghai")
def test_details_are_erased_so_many_days_after_the_end_of_the_closing_day() -> None:
    program, cards = sold_cards(1, claim_days=60, purge_delay_days=10)
    enter(cards[0])
    last = program.closes_on + timedelta(days=71)
    assert HolderDetails.objects.get().erase_by == datetime(
        last.year, last.month, last.day, tzinfo=ZoneInfo("Asia/Shanghai")
    )


@pytest.mark.django_db
def test_the_product_is_compared_with_the_lots_and_its_words_are_not_kept() -> None:
    _, cards = sold_cards(3)
    said = [product("rice  COOKER", "5l"), product("Kettle"), None]
    for card, words in zip(cards, said, strict=True):
        enter(card, product=words)
    assert list(Registration.objects.order_by("pk").values_list("product_matches", flat=True)) == [True, False, None]


@pytest.mark.parametrize(
    ("words", "matches"),
    [
        (product("Ｒice cooker"), True),
        (product("Rice cooker", "5 L"), True),
        (product("Rice cooker", "3 l"), False),
        (product("Rice"), False),
        (None, None),
    ],
)
def test_a_product_matches_whatever_its_spelling(words: Any, matches: bool | None) -> None:
    assert product_matches(words, "Rice cooker", "5 l") is matches


@pytest.mark.django_db
def test_the_same_request_gets_the_same_receipt_again() -> None:
    _, cards = sold_cards(1)
    first = enter(cards[0], digest=b"a" * 32)
    again = enter(cards[0], digest=b"a" * 32)
    assert again == first
    with pytest.raises(AlreadyRegistered):
        enter(cards[0], digest=b"b" * 32)
    with pytest.raises(AlreadyRegistered):
        enter(cards[0])
    HolderDetails.objects.all().delete()
    with pytest.raises(AlreadyRegistered):
        enter(cards[0], digest=b"a" * 32)


@pytest.mark.django_db
def test_with_the_right_pin_the_truth_is_told() -> None:
    program, cards = sold_cards(3)
    unsold = mint_cards(program, 1)[0]
    with pytest.raises(ProgramNotOpen):
        enter(unsold)
    Block.objects.create(
        number=int(cards[0][0][:12]),
        kind=BlockKind.FROZEN,
        reason="stolen",
        prepared_by=make_user(),
        prepared_at=timezone.now(),
    )
    enter(cards[0])
    with pytest.raises(AlreadyRegistered):
        enter(cards[0])
    Block.objects.update(approved_by=make_user(), approved_at=timezone.now())
    with pytest.raises(CardBlocked):
        enter(cards[0])
    lot = Lot.objects.get()
    given_back = int(cards[1][0][:12])
    return_cards(lot_id=lot.pk, first=given_back, last=given_back, registered=[], now=timezone.now())
    with pytest.raises(ProgramNotOpen):
        enter(cards[1])
    enter(cards[2])


@pytest.mark.django_db
def test_a_closed_program_is_not_open() -> None:
    program, cards = sold_cards(1)
    Program.objects.filter(pk=program.pk).update(state="closed", closed_at=timezone.now())
    with pytest.raises(ProgramNotOpen):
        enter(cards[0])


@pytest.mark.django_db
def test_other_terms_than_the_programs_are_refused() -> None:
    _, cards = sold_cards(1)
    with pytest.raises(InvalidDetails) as caught:
        enter(cards[0], terms_version="0")
    assert list(caught.value.errors) == ["terms_version"]
    enter(cards[0], terms_version="1")


@pytest.mark.django_db
def test_every_refusal_of_a_stranger_is_the_same_and_takes_the_same_work(monkeypatch: pytest.MonkeyPatch) -> None:
    program, cards = sold_cards(3)
    unsold = mint_cards(program, 1)[0]
    registered, blocked, plain = cards
    enter(registered)
    Block.objects.create(
        number=int(blocked[0][:12]),
        kind=BlockKind.VOID,
        reason="printed twice",
        prepared_by=make_user(),
        prepared_at=timezone.now(),
        approved_by=make_user(),
        approved_at=timezone.now(),
    )
    digests = SimpleNamespace(made=0)
    digest = PinKey.digest

    def counted(key: PinKey, serial: str, pin: str) -> bytes:
        digests.made += 1
        return digest(key, serial, pin)

    monkeypatch.setattr(PinKey, "digest", counted)
    outcomes = set()
    unknown = (format_serial(999_999_999_998), "0000000000000000")
    for serial, pin in (registered, blocked, plain, unsold, unknown):
        digests.made = 0
        with statements() as sent, pytest.raises(DomainError) as caught:
            enter((serial, other_pin(pin)))
        outcomes.add((type(caught.value), caught.value.message, tuple(caught.value.context), tuple(sent), digests.made))
    ((kind, _, _, said, made),) = outcomes
    assert kind is CardNotAccepted
    assert len(said) == 1
    assert made == 1


@pytest.mark.django_db(transaction=True)
def test_a_registration_takes_three_round_trips() -> None:
    _, cards = sold_cards(3)
    enter(cards[0])
    with statements() as sent:
        enter(cards[1])
    assert len(sent) == 3, sent
    with statements() as sent, pytest.raises(AlreadyRegistered):
        enter(cards[1])
    assert len(sent) == 1


@pytest.mark.django_db
def test_a_clock_behind_the_cut_registers_just_after_it() -> None:
    program, cards = sold_cards(2)
    enter(cards[0])
    ahead = timezone.now() + timedelta(hours=1)
    Line.objects.filter(program=program).update(cut_at=ahead)
    receipt = enter(cards[1])
    assert receipt.registered_at == ahead + timedelta(microseconds=1)
    lines = receipt_lines(
        key_id=receipt.key_id,
        serial=receipt.serial,
        nonce=bytes.fromhex(receipt.nonce),
        leaf=receipt.leaf,
        registered_at=receipt.registered_at,
    )
    assert verify_lines(keys.site_key().public_key, lines, receipt.signature)


@pytest.mark.django_db(transaction=True)
def test_an_epoch_retired_meanwhile_is_replaced_by_the_current_one(monkeypatch: pytest.MonkeyPatch, race: Race) -> None:
    _, cards = sold_cards(1)
    old = epochs.current(timezone.now())
    fetch = fetch_prepared

    def rotate(_: int) -> None:
        KeyEpoch.objects.filter(pk=old.pk).update(retired_at=timezone.now())
        epochs.current(timezone.now())

    def rotating(statement: str, parameters: Any) -> Any:
        if statement == intake.QUERIES["enter"] and KeyEpoch.objects.count() == 1:
            race(rotate, 1)
        return fetch(statement, parameters)

    monkeypatch.setattr(intake, "fetch_prepared", rotating)
    receipt = enter(cards[0])
    assert HolderDetails.objects.get().epoch_id != old.pk
    assert receipt.registration_id in details.read_payees(registration_ids=[receipt.registration_id])


@pytest.mark.django_db
def test_the_database_refuses_a_second_registration_of_a_card(database_refuses: Refuses) -> None:
    _, cards = sold_cards(2)
    enter(cards[0])
    enter(cards[1])
    first, second = Registration.objects.order_by("pk")
    copy = Registration.objects.get(pk=second.pk)
    copy.pk, copy.card_id, copy.receipt_digest = None, first.card_id, b"x" * 32
    with database_refuses("queueing_registration_card_id_key"):
        copy.save(force_insert=True)


@pytest.mark.django_db
@pytest.mark.usefixtures("unbalanced")
def test_the_database_refuses_what_a_registration_or_its_details_never_are(database_refuses: Refuses) -> None:
    _, cards = sold_cards(1)
    enter(cards[0])
    mine, now = Registration.objects.all(), timezone.now()
    held = HolderDetails.objects.all()
    with database_refuses("queueing_registration_digest_length"):
        mine.update(receipt_digest=b"short")
    with database_refuses("queueing_registration_final"):
        mine.update(nonce=b"n" * 32)
    with database_refuses("permission denied for table queueing_registration"):
        mine.update(registered_at=now)
    with database_refuses("permission denied for table queueing_registration"):
        mine._raw_delete("default")
    with database_refuses("queueing_registration_ends_once"):
        mine.update(withdrawn_at=now, voided_at=now)
    mine.update(withdrawn_at=now)
    with database_refuses("queueing_registration_final"):
        mine.update(withdrawn_at=None)
    with database_refuses("queueing_holderdetails_payee_whole"):
        held.update(payee_key=None)
    with database_refuses("queueing_holderdetails_contact_whole"):
        held.update(contact=None)
    with database_refuses("queueing_holderdetails_something_held"):
        held.update(
            payee=None, payee_key=None, payee_fingerprint=None, contact=None, contact_key=None, contact_erase_by=None
        )
    with database_refuses("queueing_holderdetails_held_payee"):
        held.update(payee=None, payee_key=None, payee_fingerprint=None, held_for=1)
    with database_refuses("queueing_attemptcounter_once"), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO queueing_attemptcounter (key, \"window\", attempts) VALUES ('k', 1, 1), ('k', 1, 1)"
        )


@pytest.mark.django_db
def test_nothing_that_holds_a_holder_shows_one() -> None:
    _, cards = sold_cards(1)
    written = entry(cards[0])
    receipt = register(details=written, language="en", request_digest=None, now=timezone.now())
    row = HolderDetails.objects.select_related("registration").get()
    payee = details.read_payees(registration_ids=[row.pk])[row.pk]
    contact = details.read_contacts(registration_ids=[row.pk])[row.pk]
    shown = [written, written.holder, written.account, written.card, payee, contact, receipt, row, row.registration]
    text = "".join(f"{thing!r}{thing!s}" for thing in shown)
    with pytest.raises(AlreadyRegistered) as caught:
        enter(cards[0])
    text += f"{caught.value!r}{caught.value}{caught.value.context}"
    for planted in (NAME, PHONE, EMAIL, ACCOUNT_NUMBER, cards[0][1], receipt.receipt, receipt.nonce):
        assert planted not in text
