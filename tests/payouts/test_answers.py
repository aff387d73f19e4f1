"""A bank's files come late, twice, in any order, broken or from strangers; nothing of that moves money wrongly."""

import hashlib
from datetime import timedelta

import pytest
from django.utils import timezone

from cashback.ledger.models import Kind
from payouts import answers, destroying, releasing, resolving, sending, settlement, sweeping
from payouts.models import Attempt, BankFile, BankLine, PendingPayout, Refund, Resolution
from payouts.releasing import SamePerson
from payouts.resolving import AlreadyPrepared, NotResolvable
from queueing.models import HolderDetails
from tests.embedded_bank.customer import card_ending
from tests.factories import make_user
from tests.payouts.banking import Bank, closed, correct, sent

pytestmark = pytest.mark.django_db


def outcomes() -> list[str]:
    return list(BankLine.objects.order_by("id").values_list("outcome", flat=True))


def answer() -> None:
    answers.answer(now=timezone.now())


def state_of(attempt: Attempt) -> str:
    attempt.refresh_from_db()
    return attempt.state


def report(bank: Bank, attempts: list[Attempt], word: str) -> bytes:
    words = dict.fromkeys([attempt.end_to_end_id for attempt in attempts], word)
    return bank.report(attempts[0].release.message_id, words, attempts=attempts)


def test_a_file_is_sealed_on_intake_and_gone_from_the_folder(bank: Bank) -> None:
    attempts = sent(closed().program)
    content = bank.notice(attempts)
    bank.drop(content)
    assert answers.take_in(now=timezone.now()) == answers.TakenIn(files=1, doubled=0)
    file = BankFile.objects.get()
    assert not bank.inbox
    assert file.content is not None
    assert attempts[0].end_to_end_id.encode() not in bytes(file.content)
    assert file.sha256 == hashlib.sha256(content).hexdigest()


def test_a_doubled_file_is_quarantined_and_changes_nothing(bank: Bank) -> None:
    attempts = sent(closed().program)
    content = bank.notice(attempts)
    bank.drop(content)
    answer()
    bank.drop(content)
    assert answers.take_in(now=timezone.now()) == answers.TakenIn(files=1, doubled=1)
    answer()
    doubled = BankFile.objects.order_by("pk").last()
    assert doubled is not None
    assert (doubled.state, doubled.reason, doubled.content) == ("quarantined", "doubled", None)
    assert outcomes() == ["applied", "applied"]


def test_a_file_that_a_killed_worker_left_is_not_taken_for_a_doubled_one(bank: Bank) -> None:
    attempts = sent(closed().program)
    content = bank.notice(attempts)
    path = bank.drop(content)
    left = path.read_bytes()
    answers.take_in(now=timezone.now() + timedelta(minutes=1))
    path.write_bytes(left)
    assert answers.take_in(now=timezone.now()) == answers.TakenIn(files=1, doubled=0)
    assert BankFile.objects.count() == 1
    assert not bank.inbox


def test_the_same_booking_in_notice_and_statement_pays_once(bank: Bank) -> None:
    attempts = sent(closed().program)
    bank.books(attempts)
    bank.books(attempts)
    assert outcomes() == ["applied", "applied", "repeated", "repeated"]
    assert Refund.objects.count() == 2


def test_a_second_booking_of_the_same_payment_is_reported(bank: Bank) -> None:
    attempts = sent(closed().program)
    bank.books(attempts)
    bank.drop(bank.notice(attempts[:1], entry="BK-ANOTHER"))
    answer()
    assert outcomes() == ["applied", "applied", "contradicts"]


def test_a_booking_before_the_report_and_the_report_after_it(bank: Bank) -> None:
    attempts = sent(closed().program)
    bank.books(attempts)
    bank.drop(report(bank, attempts, "ACSP"))
    answer()
    assert outcomes() == ["applied", "applied", "repeated", "repeated"]
    assert {state_of(attempt) for attempt in attempts} == {"confirmed"}


def test_report_and_booking_in_one_go_apply_in_order(bank: Bank) -> None:
    attempts = sent(closed().program)
    bank.drop(report(bank, attempts, "ACSP"))
    bank.drop(bank.notice(attempts))
    bank.drop(bank.notice(attempts[:1], returned="AC04"))
    answer()
    assert outcomes() == ["applied"] * 5
    assert [state_of(attempt) for attempt in attempts] == ["returned", "confirmed"]


def test_a_return_waits_for_its_booking(bank: Bank) -> None:
    line = closed()
    attempts = sent(line.program)
    bank.returns(attempts[:1])
    assert outcomes() == ["waiting"]
    assert state_of(attempts[0]) == "sent"
    bank.books(attempts)
    assert outcomes() == ["waiting", "applied", "applied"]
    answer()
    assert outcomes() == ["applied", "applied", "applied"]
    assert state_of(attempts[0]) == "returned"
    assert set(BankFile.objects.values_list("state", flat=True)) == {"settled"}


def test_a_refusal_after_the_booking_contradicts_and_changes_nothing(bank: Bank) -> None:
    attempts = sent(closed().program)
    bank.books(attempts)
    bank.refuses(attempts[:1])
    assert outcomes() == ["applied", "applied", "contradicts"]
    assert Refund.objects.count() == 2


def test_a_booking_after_the_refusal_puts_the_payout_in_doubt(bank: Bank) -> None:
    line = closed()
    attempts = sent(line.program)
    bank.refuses(attempts[:1])
    bank.books(attempts[:1])
    pending = PendingPayout.objects.get(award_id=attempts[0].award_id)
    assert (pending.state, pending.reason) == ("in_doubt", "booked_after_refusal")
    assert outcomes() == ["applied", "contradicts"]
    assert line.balance(Kind.IN_TRANSIT) == 20_000


@pytest.mark.parametrize("approved", [False, True])
def test_a_booking_after_the_refusal_stops_the_release_that_would_pay_again(bank: Bank, approved: bool) -> None:
    line = closed()
    attempts = sent(line.program)
    bank.refuses(attempts)
    for place in (1, 2):
        correct(line, place, card_ending("9100"))
    release = releasing.prepare(program_id=line.program.pk, by_id=make_user().pk, now=timezone.now())
    if approved:
        releasing.approve(release_id=release.pk, by_id=make_user("checker").pk, now=timezone.now())
    bank.books(attempts[:1])
    if not approved:
        releasing.approve(release_id=release.pk, by_id=make_user("checker").pk, now=timezone.now())
    assert sending.send(release_id=release.pk, now=timezone.now())
    assert list(Attempt.objects.filter(release=release).values_list("award_id", flat=True)) == [attempts[1].award_id]
    assert PendingPayout.objects.get(award_id=attempts[0].award_id).state == "in_doubt"
    assert HolderDetails.objects.get(pk=line.receipts[0].registration_id).held_for is None


def test_two_people_find_that_a_payment_booked_after_its_refusal_was_not_paid(bank: Bank) -> None:
    line = closed()
    attempts = sent(line.program)
    bank.refuses(attempts[:1])
    bank.books(attempts[:1])
    resolution = resolving.prepare_resolution(
        award_id=attempts[0].award_id, verdict="not_paid", evidence="letter", by_id=make_user().pk, now=timezone.now()
    )
    resolving.resolve_doubt(resolution_id=resolution.pk, by_id=make_user("checker").pk, now=timezone.now())
    assert PendingPayout.objects.get(award_id=attempts[0].award_id).state == "due"
    assert (line.balance(Kind.PAYOUTS_DUE), line.balance(Kind.IN_TRANSIT)) == (10_000, 10_000)
    bank.drop(bank.notice(attempts[:1], entry="BK-LATER"))
    answer()
    assert outcomes() == ["applied", "contradicts", "contradicts"]
    assert PendingPayout.objects.get(award_id=attempts[0].award_id).state == "due"


def test_a_booking_of_another_amount_puts_the_payout_in_doubt(bank: Bank) -> None:
    attempts = sent(closed().program)
    bank.drop(bank.notice(attempts[:1], amount="99.00"))
    answer()
    assert outcomes() == ["contradicts"]
    assert PendingPayout.objects.get(award_id=attempts[0].award_id).state == "in_doubt"
    bank.books(attempts)
    assert Refund.objects.count() == 2


def test_an_unknown_reference_is_reported_and_its_file_settled(bank: Bank) -> None:
    attempts = sent(closed().program)
    bank.drop(bank.notice(attempts[:1], reference="SOMEBODY-ELSE"))
    answer()
    assert outcomes() == ["unknown"]
    assert BankFile.objects.get().state == "settled"


def test_nothing_is_kept_of_what_others_wrote_into_their_references_and_files_names(bank: Bank) -> None:
    attempts = sent(closed().program)
    bank.drop(bank.notice(attempts, reference="RENT ZHANG SAN MAY"), name="zhang-san.xml.age")
    answer()
    assert set(BankLine.objects.values_list("end_to_end_id", "outcome")) == {("FOREIGN", "unknown")}
    assert BankFile.objects.get().name
    destroying.destroy_files(now=timezone.now())
    assert BankFile.objects.get().name == ""


def test_a_refusal_of_the_whole_file_is_the_organizers_matter(bank: Bank) -> None:
    line = closed()
    attempts = sent(line.program)
    bank.drop(bank.refusal(attempts[0].release.message_id, "FF01"))
    answer()
    assert set(PendingPayout.objects.values_list("state", "reason")) == {("on_hold", "FF01")}
    assert line.balance(Kind.PAYOUTS_DUE) == 20_000
    assert sweeping.resume(award_ids=[attempt.award_id for attempt in attempts], now=timezone.now()) == 2
    again = sent(line.program)
    assert [attempt.number for attempt in again] == [2, 2]


def test_a_file_seen_before_by_the_bank_says_nothing_about_its_payments(bank: Bank) -> None:
    attempts = sent(closed().program)
    bank.drop(bank.refusal(attempts[0].release.message_id, "DU01"))
    answer()
    assert outcomes() == ["repeated"]
    assert {state_of(attempt) for attempt in attempts} == {"sent"}


@pytest.mark.parametrize("kind", ["plain", "truncated", "foreign", "not_xml", "empty", "other_message"])
def test_what_cannot_be_read_is_quarantined_with_its_reason(bank: Bank, kind: str) -> None:
    attempts = sent(closed().program)
    content = bank.notice(attempts)
    match kind:
        case "plain":
            bank.drop(content, encrypted=False)
        case "truncated":
            bank.drop(content[: len(content) // 2])
        case "foreign":
            bank.drop(b'<?xml version="1.0"?><invoice><total>1</total></invoice>')
        case "not_xml":
            bank.drop("退款 100".encode("gb18030"))
        case "empty":
            bank.drop(b"")
        case "other_message":
            words = {attempts[0].end_to_end_id: "RJCT/AC04"}
            bank.drop(bank.report("R1-OTHER", words, attempts=attempts))
    answer()
    file = BankFile.objects.get()
    reasons = {
        "plain": "not_decryptable",
        "truncated": "not_xml",
        "foreign": "foreign",
        "not_xml": "not_xml",
        "empty": "empty",
        "other_message": "unknown_message",
    }
    assert (file.state, file.reason) == ("quarantined", reasons[kind])
    assert not BankLine.objects.exists()
    assert {state_of(attempt) for attempt in attempts} == {"sent"}


def test_a_seal_that_does_not_open_stops_no_other_file(bank: Bank) -> None:
    attempts = sent(closed().program)
    bank.drop(bank.notice(attempts[:1]))
    answers.take_in(now=timezone.now())
    BankFile.objects.update(content=b"altered" * 10)
    bank.books(attempts[1:])
    assert list(BankFile.objects.order_by("pk").values_list("state", "reason")) == [
        ("quarantined", "seal_broken"),
        ("settled", ""),
    ]


def test_silence_puts_a_payment_in_doubt_and_a_booking_resolves_it(bank: Bank) -> None:
    line = closed()
    attempts = sent(line.program)
    later = timezone.now() + timedelta(days=5, minutes=1)
    assert settlement.doubt_unanswered(now=timezone.now()) == 0
    assert settlement.doubt_unanswered(now=later) == 2
    assert set(PendingPayout.objects.values_list("state", "reason")) == {("in_doubt", "no_booking")}
    bank.books(attempts[:1])
    bank.refuses(attempts[1:])
    assert [state_of(attempt) for attempt in attempts] == ["confirmed", "refused"]


@pytest.mark.parametrize(("verdict", "kind", "refunds"), [("paid", Kind.BANK, 1), ("not_paid", Kind.PAYOUTS_DUE, 0)])
def test_two_people_resolve_a_doubt(bank: Bank, verdict: str, kind: Kind, refunds: int) -> None:
    line = closed()
    attempts = sent(line.program)
    settlement.doubt_unanswered(now=timezone.now() + timedelta(days=6))
    before = line.balance(kind)
    first, second = make_user(), make_user("checker")
    award_id = attempts[0].award_id
    resolution = resolving.prepare_resolution(
        award_id=award_id, verdict=verdict, evidence="statement 17", by_id=first.pk, now=timezone.now()
    )
    with pytest.raises(AlreadyPrepared):
        resolving.prepare_resolution(
            award_id=award_id, verdict=verdict, evidence="again", by_id=second.pk, now=timezone.now()
        )
    with pytest.raises(SamePerson):
        resolving.resolve_doubt(resolution_id=resolution.pk, by_id=first.pk, now=timezone.now())
    resolving.resolve_doubt(resolution_id=resolution.pk, by_id=second.pk, now=timezone.now())
    assert abs(line.balance(kind) - before) == 10_000
    assert Refund.objects.count() == refunds
    if not refunds:
        assert PendingPayout.objects.get(award_id=award_id).state == "due"
    with pytest.raises(NotResolvable):
        resolving.resolve_doubt(resolution_id=resolution.pk, by_id=second.pk, now=timezone.now())
    assert Resolution.objects.get().approved_by_id == second.pk


def test_only_what_is_in_doubt_can_be_resolved(bank: Bank) -> None:
    attempts = sent(closed().program)
    with pytest.raises(NotResolvable):
        resolving.prepare_resolution(
            award_id=attempts[0].award_id,
            verdict="paid",
            evidence="a call",
            by_id=make_user().pk,
            now=timezone.now(),
        )
