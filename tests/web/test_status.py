"""What a receipt opens on the pages: the status, changing it, losing the receipt, proofs and programs."""

import re
from datetime import timedelta

import pytest
from django.db import transaction
from django.test import Client, override_settings
from django.utils import timezone

from cashback.env import ROOT
from cashback.web import words
from payouts import collecting
from payouts.models import PendingPayout
from queueing import erasing, ordering
from queueing.correction import Delivery
from queueing.delivering import hold_delivery
from queueing.models import Erasure, ReceiptRequest, Registration
from queueing.words import ERASED_BECAUSE
from tests.factories import make_program, sold_cards
from tests.queueing.holders import other_pin
from tests.web.holding import Holder, receipt_on

pytestmark = pytest.mark.django_db


@pytest.fixture
def holder() -> Holder:
    return Holder()


@pytest.fixture
def card() -> tuple[str, str]:
    return sold_cards(1)[1][0]


@pytest.fixture
def receipt(holder: Holder, card: tuple[str, str]) -> str:
    return holder.register(card)


def test_the_status_is_found_by_the_receipt_however_it_is_typed(holder: Holder, receipt: str) -> None:
    typed = f" {receipt[:4].lower()}-{receipt[4:]}"
    page = holder.send("/status/", holder.get("/status/"), receipt=typed)
    assert (page.status, page.response["Location"]) == (302, f"/s/{receipt}/")


@pytest.mark.parametrize("typed", ["", "12", "0" * 26, "\x00", "<b>"])
def test_a_receipt_that_is_none_gets_a_message_at_the_field(holder: Holder, typed: str) -> None:
    page = holder.send("/status/", holder.get("/status/"), receipt=typed)
    assert page.status == 422
    assert list(page.errors) == ["receipt"]
    missing = holder.get("/s/nonsense/")
    assert (missing.status, missing.fields["receipt"]) == (404, "nonsense")
    assert 'action="/status/"' in missing.text


def test_the_status_page_is_for_one_person(holder: Holder, receipt: str) -> None:
    response = holder.get(f"/s/{receipt}/").response
    assert response["Cache-Control"] == "no-store"
    assert response["Referrer-Policy"] == "no-referrer"
    assert response["X-Robots-Tag"] == "noindex, nofollow"
    assert not response.cookies


def test_the_status_follows_the_place(holder: Holder, receipt: str) -> None:
    assert "Your place is being given" in holder.get(f"/s/{receipt}/").text
    ordering.run_pass(program_id=Registration.objects.get().program_id)
    text = holder.get(f"/s/{receipt}/").text
    assert "You have place 1" in text
    assert 'class="own"' in text
    assert "49 more registrations" in text
    assert 'hx-trigger="every 3s"' in text
    assert "<html" not in holder.get(f"/s/{receipt}/?moving").text


@pytest.mark.parametrize("rule", ["cohort", "line"])
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_verdicts_are_told(rule: str, language: str) -> None:
    program, cards = sold_cards(4, cycle_size=4, payouts_per_cycle=1, card_price_minor=4_000, rule=rule)
    holder = Holder(language)
    receipts = [holder.register(card) for card in cards]
    ordering.run_pass(program_id=program.pk)
    cash, gift = holder.get(f"/s/{receipts[0]}/"), holder.get(f"/s/{receipts[3]}/")
    assert (cash.status, gift.status) == (200, 200)
    assert 'href="#s-cash"' in cash.text
    if language == "en":
        assert "You get your money back" in cash.text
        assert "You have won a gift" in gift.text
        if rule == "cohort":
            assert "because a gift was awarded" in gift.text
    assert f'href="/s/{receipts[0]}/correct/"' in cash.text
    if rule == "cohort":
        # Nothing is held any more that could be corrected.
        assert "/correct/" not in gift.text
    for page in ("/", f"/programs/{program.code}/"):
        assert holder.get(page).status == 200


def test_that_a_payee_is_over_the_limit_is_told_to_organizers_alone() -> None:
    program, cards = sold_cards(4, cycle_size=4, payouts_per_cycle=1, card_price_minor=4_000)
    holder = Holder()
    receipts = [holder.register(card) for card in cards]
    ordering.run_pass(program_id=program.pk)
    collecting.collect_all(now=timezone.now())
    assert PendingPayout.objects.update(reason="payee_limit") == 1
    assert Client().get(f"/api/v1/status/{receipts[0]}").json()["awards"][0]["reason"] is None
    assert "limit" not in holder.get(f"/s/{receipts[0]}/").text


CODES = re.compile(r"""(?:why|event|reason)["']?[=:] ?["']([a-z_]+)["']|'([a-z_]+)' AS (?:why|reason|event)""")


def test_every_code_that_a_holder_may_meet_is_said_in_words() -> None:
    known = {*words.EVENTS, *ERASED_BECAUSE, *words.OUR_REASONS, *words.AWARD_STATES, "payee_limit"}
    named = {
        code
        for app in ("queueing", "payouts")
        for path in (*(ROOT / app).glob("*.py"), *(ROOT / app / "sql").glob("*.sql"))
        for pair in CODES.findall(path.read_text(encoding="utf-8"))
        for code in pair
        if code
    }
    assert {"gift_verdict", "refunded", "time_over"} <= named
    assert named - known == set()


def test_details_are_corrected_after_a_review(holder: Holder, card: tuple[str, str], receipt: str) -> None:
    path = f"/s/{receipt}/correct/"
    typed = {"serial": card[0], "pin": card[1], "account_kind": "iban", "account_number": "de89 3704 0044 0532 0130 00"}
    review = holder.send(path, holder.get(path), **typed)
    assert "DE89370400440532013000</ins>" in review.text
    back = holder.send(path, review, go="back")
    assert back.fields["account_number"] == "DE89370400440532013000"
    done = holder.send(path, review, go="confirm")
    assert (done.status, done.response["Location"]) == (302, f"/s/{receipt}/?done=changed")
    assert "Details corrected" in holder.get(f"/s/{receipt}/?done=changed").text


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("account_number", {"account_kind": "iban", "account_number": "DE00"}),
        ("account_number", {"account_kind": "cn_card", "account_bank": "ICBC"}),
        ("name", {"phone": "13800138000"}),
        ("phone", {"name": "李四", "phone": "1"}),
        ("serial", {"serial": "1", "name": "李四"}),
        ("pin", {"pin": "", "name": "李四"}),
    ],
)
def test_a_wrong_change_is_said_at_its_field(
    holder: Holder, card: tuple[str, str], receipt: str, field: str, typed: dict[str, str]
) -> None:
    path = f"/s/{receipt}/correct/"
    given = {"serial": card[0], "pin": card[1], **typed}
    page = holder.send(path, holder.get(path), **given)
    assert (page.status, list(page.errors)) == (422, [field])
    assert {name: page.fields[name] for name in given} == given


def test_an_empty_change_changes_nothing(holder: Holder, card: tuple[str, str], receipt: str) -> None:
    path = f"/s/{receipt}/correct/"
    review = holder.send(path, holder.get(path), serial=card[0], pin=card[1])
    assert holder.send(path, review, go="confirm").status == 409


def test_withdrawing_destroys_and_proves_it(holder: Holder, card: tuple[str, str], receipt: str) -> None:
    path = f"/s/{receipt}/withdraw/"
    wrong = holder.send(path, holder.get(path), serial=card[0], pin=other_pin(card[1]))
    assert (wrong.status, wrong.fields["serial"]) == (409, card[0])
    done = holder.send(path, wrong, serial=card[0], pin=card[1])
    assert done.response["Location"] == f"/s/{receipt}/?done=withdrawn"
    erasing.sign_erasures(limit=10)
    erasure = Erasure.objects.get()
    assert f"/erasures/{erasure.pk}/" in holder.get(f"/s/{receipt}/").text
    proof = holder.get(f"/erasures/{erasure.pk}/").text
    assert "the signature is valid" in proof
    assert "cashback-erasure-v1" in proof
    assert holder.get(f"/erasures/{erasure.pk + 1}/").status == 404
    assert holder.get(f"/erasures/{'9' * 40}/").status == 404


def test_the_holder_sees_what_is_held_only_with_the_pin(holder: Holder, card: tuple[str, str], receipt: str) -> None:
    path = f"/s/{receipt}/held/"
    assert "张三" not in holder.get(f"/s/{receipt}/").text
    wrong = holder.send(path, holder.get(path), serial=card[0], pin=other_pin(card[1]))
    assert (wrong.status, "张三" in wrong.text) == (409, False)
    right = holder.send(path, wrong, serial=card[0], pin=card[1])
    assert (right.status, "张三" in right.text, right.response["Cache-Control"]) == (200, True, "no-store")
    # The day is written for people above, and for machines in the data below.
    shown, data = right.text.split("<pre", 1)
    assert ("00Z" in shown, "00Z" in data) == (False, True)


@pytest.mark.usefixtures("unbalanced")  # the gift was not awarded by a cycle
def test_the_holder_sees_what_was_given_for_a_gift_and_its_destruction(
    holder: Holder, card: tuple[str, str], receipt: str
) -> None:
    registration, now = Registration.objects.get().pk, timezone.now()
    given = Delivery(name="诸葛", phone="", email="", country="CN", postcode="", address="科技园路88号\n12层")
    with transaction.atomic():
        erasing.erase(registration_ids=[registration], what="payee_and_contact", why="gift_verdict", now=now)
        hold_delivery(registration_id=registration, delivery=given, erase_by=now + timedelta(days=5), now=now)
    shown = holder.get(f"/s/{receipt}/").text
    assert "The address for your gift, encrypted." in shown
    assert ("诸葛" in shown, "科技园" in shown) == (False, False)
    path = f"/s/{receipt}/held/"
    held = holder.send(path, holder.get(path), serial=card[0], pin=card[1]).text
    assert "CN<br>科技园路88号<br>12层" in held
    assert "the gift is handed over" in held
    with transaction.atomic():
        erasing.erase(registration_ids=[registration], what="delivery", why="handed_over", now=now)
    shown = holder.get(f"/s/{receipt}/").text
    assert "address or contact for the gift" in shown
    assert "because the gift was handed over" in shown
    proof = holder.get(f"/erasures/{Erasure.objects.latest('id').pk}/").text
    assert "address or contact for the gift" in proof
    assert "the signature is valid" in proof


def test_a_lost_receipt_is_replaced(holder: Holder, card: tuple[str, str], receipt: str) -> None:
    asked = holder.send("/lost/", holder.get("/lost/"), serial=card[0], pin=card[1])
    assert asked.status == 202
    ReceiptRequest.objects.update(available_at=timezone.now() - timedelta(seconds=1))
    given = holder.send("/lost/", holder.get("/lost/"), serial=card[0], pin=card[1])
    assert given.status == 200
    assert holder.get(f"/s/{receipt_on(given)}/").status == 200
    assert holder.get(f"/s/{receipt}/").status == 404
    again = holder.send("/lost/", holder.get("/lost/"), serial="1", pin=card[1])
    assert (again.status, list(again.errors), again.fields["pin"]) == (422, ["serial"], card[1])


@override_settings(CLIENT_ATTEMPTS_PER_MINUTE=1)
def test_status_is_read_by_a_wider_limit(holder: Holder) -> None:
    statuses = [holder.get(f"/s/{'0' * 26}/").status for _ in range(8)]
    assert statuses == [404] * 6 + [429] * 2


def test_a_program_shows_its_rule_and_terms(holder: Holder) -> None:
    program = make_program(terms="<b>Nobody pays twice.</b>", name_zh="春季")
    page = holder.get(f"/programs/{program.code}/")
    assert "&lt;b&gt;Nobody pays twice." in page.text
    assert "51–56" in page.text
    assert "春季" in Holder("zh-hans").get(f"/programs/{program.code}/").text
    assert holder.get(f"/programs/{program.code}/?before=x").status == 200
    assert holder.get("/programs/NOTHING/").status == 404


def test_a_cycle_of_thousands_is_a_bar(holder: Holder) -> None:
    program = make_program(cycle_size=5_000, payouts_per_cycle=600)
    assert 'class="bar-track"' in holder.get(f"/programs/{program.code}/").text


def test_a_draft_is_shown_to_nobody(holder: Holder) -> None:
    assert holder.get(f"/programs/{make_program(published=False).code}/").status == 404


def test_the_language_is_switched_and_remembered(holder: Holder) -> None:
    response = holder.client.post("/language/", {"language": "zh-hans", "next": "/status/"})
    assert (response.status_code, response["Location"]) == (302, "/status/")
    assert '<html lang="zh-hans">' in holder.get("/status/").text


@pytest.mark.parametrize("path", ["/nothing/", "/s/", "/programs/"])
def test_what_is_not_there_is_said_kindly(path: str) -> None:
    response = Client().get(path)
    assert response.status_code == 404
    assert "Nothing is found at this address" in response.content.decode()
