"""Three hundred people give the running program their details, rightly and wrongly; afterwards nobody finds them.

Money is paid, gifts are awarded and chosen, people withdraw, payments are refused: then every name, phone, e-mail,
account and address is looked for wherever the program keeps anything, in every form it could have. The same while they
are needed.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

import pytest

from tests.journeys.whole import CYCLE, TRAFFIC, WORKER, Whole
from tests.privacy.gifting import DESTROYED, KEPT, chooser
from tests.privacy.gifting import REFUSED as REFUSED_GIFTS
from tests.privacy.places import DUMP, KEYS, Places
from tests.privacy.planted import Planted, people, with_account_ending
from tests.privacy.refusals import FORM, WAYS, Cards, as_product
from tests.privacy.scanner import Hit, Scanner

ACCEPTED, REFUSED, GIFTED = 4 * CYCLE + 10, 90, len(KEPT) + len(DESTROYED) + len(REFUSED_GIFTS)
# What the simulated bank does with the accounts of the first six places of a cycle.
FIRST_CYCLE = ("9000", "9000", "9001", "9016", "9020", "9004")
WITHDRAWN = frozenset({*range(40, 4 * CYCLE, CYCLE), *range(41, 4 * CYCLE, CYCLE), ACCEPTED - 1, ACCEPTED - 2})
CORRECTED_LATER, LEFT_REFUSED = 2, 5
REFUSED_STATES = frozenset({"details_needed", "on_hold"})  # for the holder's account, or for the payer's
CONTROLS = {
    "row": "Kontrollzeile Eins",
    "sealed": "Kontrollzeile Zwei",
    "key": "Kontrollzeile Drei",
    "log": "尉迟测试壹贰叁",
    "bank": "澹台测试壹贰叁",
}


@dataclass
class Registered:
    """One accepted person: what they gave, their card, and what they got."""

    person: Planted
    card: dict[str, str]
    receipt: str
    status: dict[str, Any] = field(default_factory=dict)

    @property
    def states(self) -> set[str]:
        """The states of the awards, and the outcome."""
        return {self.status["outcome"], *(award["state"] for award in self.status["awards"])}


@dataclass
class Story:
    """All that was planted, and what was found when."""

    whole: Whole
    places: Places
    scanner: Scanner
    registered: list[Registered]
    extra: list[Planted]
    receivers: list[Planted]
    refused: dict[str, int]
    hits_before: set[Hit]
    hits_after: set[Hit] = field(default_factory=set)
    gifts: dict[str, int] = field(default_factory=dict)
    waiting_for_gifts: list[Registered] = field(default_factory=list)


@pytest.fixture(scope="module")
def story(whole: Whole) -> Iterator[Story]:
    """Plant with the passes stopped, search, let everything happen, search again."""
    planted = people(Random(20261122), ACCEPTED + REFUSED + 4 + GIFTED)
    accepted, refused = planted[:ACCEPTED], planted[ACCEPTED : ACCEPTED + REFUSED]
    extra, receivers = planted[ACCEPTED + REFUSED : -GIFTED], planted[-GIFTED:]
    accepted[: len(FIRST_CYCLE)] = [with_account_ending(*pair) for pair in zip(accepted, FIRST_CYCLE, strict=False)]
    extra[0] = with_account_ending(extra[0], "9000")
    values = [value for person in (*planted, *accepted[:6], *extra) for value in person.values]
    places, scanner = Places(whole), Scanner.of([*values, *CONTROLS.values()])
    with whole.paused(TRAFFIC):
        with whole.paused(WORKER):
            whole.fill_to_a_cycle()
            registered = [register(whole, person, number) for number, person in enumerate(accepted)]
            answers = refuse(whole, refused, registered[0].card)
            use(whole, registered, extra)
            with places.controls(CONTROLS):
                hits_before = places.search(scanner)
        story = Story(whole, places, scanner, registered, extra, receivers, answers, hits_before)
        live_on(story)
        take_gifts(story)
        with places.controls(CONTROLS):
            story.hits_after = places.search(scanner)
    yield story
    places.redis.close()


def register(whole: Whole, person: Planted, number: int) -> Registered:
    """Every third on the page, the others over the API, some twice with the same key."""
    card, caller = whole.card(), whole.caller()
    if number % 3 == 0:
        step = {**person.form(card), "accept": "on", "showing": "details", "go": "next"}
        review = caller.post_form("/register/", step)
        assert review.status == 200, review.text
        answer = caller.post_form("/register/", {**person.form(card), **FORM})
        assert answer.status == 200, answer.text
        link = answer.text.partition('href="/s/')[2].partition("/")[0]
        assert link, answer.text
        return Registered(person, card, link)
    key = {"Idempotency_Key": f"registration-{number}"} if number % 3 == 1 else {}
    answer = caller.register(person.body(card), **key)
    assert answer.status == 201, answer.text
    if key:
        assert caller.register(person.body(card), **key).json()["receipt"] == answer.json()["receipt"]
    return Registered(person, card, answer.json()["receipt"])


def refuse(whole: Whole, refused: list[Planted], taken: dict[str, str]) -> dict[str, int]:
    """Everybody else tries it in a wrong way, each way more than once; one is taken, as a product's name."""
    cards = Cards(fresh=whole.card(), taken=taken, unsold=list(whole.unsold().values())[-1])
    answers: dict[str, int] = {}
    for number, person in enumerate(refused[:-1]):
        name = list(WAYS)[number % len(WAYS)]
        answers[name] = WAYS[name](whole.caller(), person, cards).status
    answers["as product"] = as_product(whole, refused[-1]).status
    return answers


def use(whole: Whole, registered: list[Registered], extra: list[Planted]) -> None:
    """Look, hear what is held, and correct, while the details are needed."""
    caller = whole.caller()
    for row in registered[-10:]:
        base = f"/api/v1/registrations/{row.receipt}"
        held = caller.post_json(f"{base}/export", row.card)
        assert held.status == 200
        assert row.person.name in held.text
        assert caller.get(f"/s/{row.receipt}/").status == 200
    for row, person in zip(registered[-10:-8], extra[2:], strict=True):
        answer = caller.post_json(f"/api/v1/registrations/{row.receipt}/correct", person.body(row.card))
        assert answer.status == 200, answer.text


def live_on(story: Story) -> None:
    """Some withdraw; cycles close; the bank pays, refuses, delays and returns; one of the refused gives new details."""
    caller = story.whole.caller()
    for number in WITHDRAWN:
        row = story.registered[number]
        answer = caller.post_json(f"/api/v1/registrations/{row.receipt}/withdraw", row.card)
        assert answer.status == 200, answer.text
    refused = story.registered[CORRECTED_LATER]
    story.whole.wait_for(lambda: state_of(story.whole, refused) == "details_needed", 90, lambda: "nothing was refused")
    body = story.extra[0].body(refused.card)
    answer = caller.post_json(f"/api/v1/registrations/{refused.receipt}/correct", body)
    assert answer.status == 200, answer.text
    story.whole.wait_for(lambda: not unsettled(story), 150, lambda: f"not settled: {unsettled(story)}")


def take_gifts(story: Story) -> None:
    """Some of those with a gift have it sent, some of them think again; of the others every address is refused.

    The demo's desk stands still with its traffic, so that what was chosen is still on its way at the search.
    """
    whole = story.whole
    ways = {**KEPT, **DESTROYED, **REFUSED_GIFTS}
    owed = [row for row in story.registered if "owed" in row.states]
    for (name, way), row, person in zip(ways.items(), owed, story.receivers, strict=False):
        story.gifts[name] = way(whole.caller(), chooser(whole, row.receipt, row.card), person).status
        if name in KEPT:
            row.status = whole.status(row.receipt)
            story.waiting_for_gifts.append(row)


def state_of(whole: Whole, row: Registered) -> str:
    """The state of the one award, or waiting."""
    awards = whole.status(row.receipt)["awards"]
    return str(awards[0]["state"]) if awards else "waiting"


def unsettled(story: Story) -> list[str]:
    """Whose money is on its way, or whose details are still held though nothing needs them."""
    found = []
    for number, row in enumerate(story.registered):
        if not row.status or not is_settled(number, row):
            row.status = story.whole.status(row.receipt)
        if not is_settled(number, row):
            found.append(f"{number}: {sorted(row.states)}, {row.status['details']}")
    return found


def is_settled(number: int, row: Registered) -> bool:
    """Whether nothing more happens to this one by itself."""
    if number >= 4 * CYCLE:
        return row.states <= {"waiting", "withdrawn"}
    if number == CORRECTED_LATER:
        return "refunded" in row.states and row.status["details"] == "erased"
    if FIRST_CYCLE[number:] and FIRST_CYCLE[number] == "9016":
        return "details_needed" in row.states  # paid, and then returned
    return row.status["details"] == "erased" or bool(row.states & REFUSED_STATES)


def found_of_people(hits: set[Hit]) -> str:
    """Which planted text was found, in which form and where, a line each."""
    return "\n".join(sorted(str(hit) for hit in hits if hit.text not in CONTROLS.values()))


def test_the_wrong_ways_were_all_tried_and_refused(story: Story) -> None:
    assert {name: status for name, status in story.refused.items() if not 400 <= status < 500} == {"as product": 201}
    assert len(story.refused) == len(WAYS) + 1


def test_all_that_can_happen_to_details_has_happened(story: Story) -> None:
    states = [row.states for row in story.registered]
    assert sum("refunded" in found for found in states) >= 12
    assert sum("gift" in found for found in states) >= 4 * (CYCLE - 8)
    assert sum("withdrawn" in found for found in states) == len(WITHDRAWN)
    assert "details_needed" in story.registered[LEFT_REFUSED].states
    assert sum(found == {"waiting"} for found in states) == 8


def test_gifts_were_sent_for_given_up_and_refused(story: Story) -> None:
    assert len(story.gifts) == GIFTED
    taken = {name for name, status in story.gifts.items() if status in {200, 302}}
    assert taken == {*KEPT, *DESTROYED}
    assert {name for name, status in story.gifts.items() if 400 <= status < 500} == set(REFUSED_GIFTS)


@pytest.mark.parametrize("when", ["hits_before", "hits_after"])
def test_the_search_finds_what_is_there(story: Story, when: str) -> None:
    """The control: one text in each kind of place, in another encoding each, is found in all of them."""
    where: dict[str, set[str]] = {text: set() for text in CONTROLS.values()}
    for hit in getattr(story, when):
        if hit.text in where:
            where[hit.text].add(hit.where)
    folder = story.places.folder
    for text in (CONTROLS["row"], CONTROLS["sealed"]):
        assert DUMP in where[text]
        for part in ("base", "pg_wal"):
            assert any(str(folder("postgres", part)) in place for place in where[text]), f"{text}: {where[text]}"
    assert KEYS in where[CONTROLS["key"]]
    assert any(str(folder("redis")) in place for place in where[CONTROLS["key"]])
    assert str(folder("log", "control.log")) in where[CONTROLS["log"]]
    assert str(folder("bank", "outbox", ".control")) in where[CONTROLS["bank"]]


def test_while_they_are_needed_details_are_nowhere_in_clear(story: Story) -> None:
    assert found_of_people(story.hits_before) == ""


def test_afterwards_nobody_is_found(story: Story) -> None:
    assert found_of_people(story.hits_after) == ""


def test_only_those_who_wait_were_refused_or_wait_for_a_parcel_are_still_held(story: Story) -> None:
    held = {row.card["serial"] for row in story.registered if row.status["details"] == "held"}
    waiting = [row for row in story.registered if row.states & {"waiting", *REFUSED_STATES}]
    parcels = {row.card["serial"] for row in story.waiting_for_gifts}
    assert len(parcels) == len(KEPT)
    assert parcels <= held <= {row.card["serial"] for row in waiting} | parcels
    numbers = [int(row.card["serial"][:12]) for row in story.registered]
    rows = story.whole.execute(
        "SELECT registration.card_id FROM queueing_holderdetails AS details"
        " JOIN queueing_registration AS registration ON registration.id = details.registration_id"
        " WHERE registration.card_id = ANY(%s)",
        (numbers,),
    )
    assert {number for (number,) in rows} == {int(serial[:12]) for serial in held}
