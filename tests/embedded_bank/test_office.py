"""The simulated bank from its counter: what it answers, once, and the same each time."""

import os
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from cashback.embedded.bank.office import Office
from cashback.embedded.bank.options import Options
from payouts.rails.messages import Verdict
from tests.embedded_bank.customer import PAYEE, Customer, card_ending, payment_file

PLAIN = card_ending("9000")
START = 1_000_000.0


class Killed(BaseException):
    """As if by kill -9: nothing after it runs in the bank's code."""


def silent(_: str) -> None:
    return None


def open_office(options: Options, boundary: Callable[[str], object] = silent) -> Office:
    return Office(options, say=silent, boundary=boundary)


def run(office: Office, first: int = 0, last: int = 60) -> None:
    for second in range(first, last):
        office.step(START + second)
    office.close()


def test_a_payment_is_accepted_and_then_booked(options: Options, customer: Customer) -> None:
    (reference,) = customer.order("REL-1", PLAIN)
    run(open_office(options))
    assert customer.said() == {reference: ["accepted", "paid"]}
    booked = customer.collect()[-1]
    assert (booked.amount_minor, booked.currency, booked.direction) == (100, "CNY", "debit")
    assert booked.entry_reference is not None
    assert booked.original_message_id == "REL-1"


@pytest.mark.parametrize(
    ("digits", "said", "reason"),
    [
        ("9000", ["accepted", "paid"], None),
        ("9001", ["refused"], "AC01"),
        ("9004", ["refused"], "AC04"),
        ("9005", ["refused"], "BE04"),
        ("9006", ["refused"], "AM04"),
        ("9014", ["accepted", "paid", "returned"], "AC04"),
        ("9016", ["accepted", "paid", "returned"], "AC06"),
        ("9020", ["pending", "accepted", "paid"], None),
    ],
)
def test_the_last_digits_of_an_account_tell_its_fate(
    options: Options, customer: Customer, digits: str, said: list[str], reason: str | None
) -> None:
    (reference,) = customer.order("REL-1", card_ending(digits))
    run(open_office(replace(options, refuse=0.3, returned=0.3, delay=0.4)))
    assert customer.said()[reference] == said
    assert customer.collect()[-1].reason_code == reason


def test_the_shares_are_kept_and_only_the_seed_changes_who_is_hit(options: Options, customer: Customer) -> None:
    hit: list[dict[Verdict, set[str | None]]] = []
    for seed in ("1", "1", "2"):
        folder = options.dir.parent / f"bank-{len(hit)}"
        shares = replace(options, dir=folder, refuse=0.2, returned=0.2, delay=0.2, seed=seed)
        office = open_office(shares)
        another = Customer(shares, customer.identity_file)
        references = another.order("REL-1", *(card_ending("1234", number) for number in range(300)))
        run(office)
        lines = another.collect()
        kinds = {verdict: {line.end_to_end_id for line in lines if line.verdict is verdict} for verdict in Verdict}
        for verdict in (Verdict.REFUSED, Verdict.RETURNED, Verdict.PENDING):
            assert 35 <= len(kinds[verdict]) <= 85
        assert kinds[Verdict.PAID] | kinds[Verdict.REFUSED] == set(references)
        assert not kinds[Verdict.PAID] & kinds[Verdict.REFUSED]
        hit.append(kinds)
    assert hit[0] == hit[1] != hit[2]


def test_duplicates_and_disorder_say_nothing_new(options: Options, customer: Customer) -> None:
    unruly = replace(options, duplicate=1.0, disorder=1.0)
    references = customer.order("REL-1", PLAIN, card_ending("9000", 1))
    run(open_office(unruly))
    assert all(said == ["paid", "paid", "accepted", "accepted"] for said in customer.said().values())
    assert set(customer.said()) == set(references)
    assert len(set(customer.collect())) == 4


def test_the_same_message_again_is_answered_and_not_paid(options: Options, customer: Customer) -> None:
    (reference,) = customer.order("REL-1", PLAIN)
    office = open_office(options)
    office.step(START)
    customer.order("REL-1", PLAIN)
    run(office, first=1)
    assert Counter(customer.said()[reference]) == {"accepted": 1, "paid": 1}
    assert customer.said()[None] == ["duplicate"]


def test_the_same_payment_in_another_message_is_not_paid_again(options: Options, customer: Customer) -> None:
    (reference,) = customer.order("REL-1", PLAIN)
    office = open_office(options)
    office.step(START)
    customer.leave("REL-2.xml", payment_file("REL-2", [PLAIN, PLAIN], [reference, "OTHER"]))
    run(office, first=1)
    assert Counter(customer.said()[reference]) == {"accepted": 1, "duplicate": 1, "paid": 1}
    assert customer.said()["OTHER"] == ["accepted", "paid"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ((b"<CtrlSum>1.00<", b"<CtrlSum>2.00<"), "AM16"),
        ((b"<NbOfTxs>1<", b"<NbOfTxs>2<"), "AM19"),
        ((f"<Nm>{PAYEE}</Nm>".encode(), b""), "FF01"),
        ((b'Ccy="CNY">1.00<', b'Ccy="CNY">-1.00<'), "FF01"),
    ],
)
def test_a_wrong_order_is_refused_whole(
    options: Options, customer: Customer, change: tuple[bytes, bytes], reason: str
) -> None:
    data = payment_file("REL-1", [PLAIN], ["A"])
    assert change[0] in data
    customer.leave("REL-1.xml", data.replace(*change))
    run(open_office(options))
    (line,) = customer.collect()
    assert (line.end_to_end_id, line.verdict, line.reason_code) == (None, Verdict.REFUSED, reason)


def test_a_file_that_nobody_can_be_answered_about_is_dropped(options: Options, customer: Customer) -> None:
    good = payment_file("REL-1", [PLAIN], ["A"])
    customer.leave("cut.xml", good[:-20])
    customer.leave("foreign.xml", b"<html/>")
    customer.leave("bomb.xml", b'<!DOCTYPE a [<!ENTITY a "b">]>' + good.split(b"?>", 1)[1])
    (options.outbox / "plain.xml").write_bytes(good)
    (options.outbox / ".REL-9.xml.age.partial").write_bytes(b"half")
    run(open_office(options))
    assert customer.collect() == []
    assert [path.name for path in options.outbox.iterdir()] == [".REL-9.xml.age.partial"]
    assert list((options.dir / "received").iterdir()) == []


def test_the_bank_keeps_no_name_and_no_account_of_a_payee(options: Options, customer: Customer) -> None:
    customer.order("REL-1", PLAIN, card_ending("9014"))
    run(open_office(options))
    customer.collect()
    kept = b"".join(path.read_bytes() for path in options.dir.rglob("*") if path.is_file())
    assert b"REL-1-0" in kept
    for word in (PAYEE.encode(), PLAIN.encode(), card_ending("9014").encode()):
        assert word not in kept
    assert all(path.stat().st_mode & 0o077 == 0 for path in (options.identity_file, options.dir / "ledger.sqlite"))


def test_without_the_customers_key_the_answers_wait(options: Options, customer: Customer) -> None:
    key = options.customer_key.read_text()
    options.customer_key.unlink()
    (reference,) = customer.order("REL-1", PLAIN)
    office = open_office(options)
    office.step(START)
    office.step(START + 5)
    assert customer.collect() == []
    options.customer_key.write_text(key)
    run(office, first=6)
    assert customer.said() == {reference: ["accepted", "paid"]}


def test_from_another_file_system_files_are_copied_before_they_are_removed(
    options: Options, customer: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    rename = Path.rename

    def across(self: Path, target: Path) -> Path:
        if self.parent == options.outbox:
            raise OSError(18, os.strerror(18))
        return rename(self, target)

    (reference,) = customer.order("REL-1", PLAIN)
    monkeypatch.setattr(Path, "rename", across)
    run(open_office(options))
    assert customer.said() == {reference: ["accepted", "paid"]}
    assert list(options.outbox.iterdir()) == []


BOUNDARIES = ["picked up", "recorded", "forgotten", "booked", "delivered", "known to be delivered"]


@pytest.mark.parametrize("boundary", BOUNDARIES)
@pytest.mark.parametrize("passed", [0, 1, 3])
def test_a_bank_killed_at_a_boundary_goes_on_and_pays_once(
    options: Options, customer: Customer, boundary: str, passed: int
) -> None:
    def kill(seen: str) -> None:
        nonlocal passed
        if seen == boundary:
            passed -= 1
            if passed == -1:
                raise Killed

    references = [*customer.order("REL-1", PLAIN, card_ending("9020")), *customer.order("REL-2", card_ending("9014"))]
    second = 0
    office = open_office(options, kill)
    try:
        for second in range(60):
            office.step(START + second)
    except Killed:
        office.close()
        office = open_office(options)
    run(office, first=second, last=second + 60)
    heard = set(customer.collect())
    assert {line.end_to_end_id for line in heard} == set(references)
    bookings = Counter((line.end_to_end_id, line.direction) for line in heard if line.booked)
    assert bookings == Counter([*((reference, "debit") for reference in references), ("REL-2-0", "credit")])
    ids = [answer.message_id for _, answer in customer.answers]
    assert len(ids) - len(set(ids)) <= (1 if boundary == "delivered" else 0)
