"""Gifts by post: addresses that are right, in every way that takes one, and addresses that are refused."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from tests.journeys.caller import Answer, Caller
from tests.journeys.whole import Whole
from tests.privacy.planted import Planted

CONFIRM = {"showing": "review", "go": "confirm"}


@dataclass(frozen=True)
class Chooser:
    """A holder who may choose a gift, and the gift: one that comes by post and lies at a dealer's."""

    receipt: str
    card: dict[str, str]
    gift: int
    dealer: str

    @property
    def path(self) -> str:
        """Where the API takes the choice."""
        return f"/api/v1/registrations/{self.receipt}/gift"

    def choose(self, caller: Caller, delivery: object, **changes: Any) -> Answer:
        """Choose over the API."""
        return caller.post_json(self.path, {**self.card, "gift": self.gift, "delivery": delivery, **changes})

    def form(self, caller: Caller, person: Planted, **changes: str) -> Answer:
        """Choose on the page."""
        typed = {f"delivery_{name}": value for name, value in address_of(person).items()}
        offer = {"offer": str(self.gift), "way": "post"}
        return caller.post_form(f"/s/{self.receipt}/gift/", {**self.card, **offer, **typed, **CONFIRM, **changes})


def address_of(person: Planted) -> dict[str, str]:
    """All of a person in a postal address: what is looked for is in one of its fields."""
    return {
        "name": person.name,
        "phone": person.phone,
        "email": person.email,
        "country": "CN",
        "postcode": "518057",
        "address": f"{person.account_number} {person.name}\n{person.email.partition('@')[0]}",
    }


def chooser(whole: Whole, receipt: str, card: dict[str, str]) -> Chooser:
    """Somebody whose gift is owed, with the first offer that comes both by post and over a dealer's counter."""
    found = whole.caller().get_json(f"/api/v1/registrations/{receipt}/gifts")
    offer = next(offer for offer in found["offers"] if {"post", "dealer"} <= set(offer["ways"]))
    return Chooser(receipt, card, offer["id"], found["dealers"][0]["code"])


Way = Callable[[Caller, Chooser, Planted], Answer]


def by_api(caller: Caller, who: Chooser, person: Planted) -> Answer:
    """Once, and the same request again."""
    who.choose(caller, address_of(person))
    return who.choose(caller, address_of(person))


def by_api_with_key(caller: Caller, who: Chooser, person: Planted) -> Answer:
    """With an idempotency key, twice."""
    body = {**who.card, "gift": who.gift, "delivery": address_of(person)}
    caller.post_json(who.path, body, Idempotency_Key=f"gift-{who.receipt[:8]}")
    return caller.post_json(who.path, body, Idempotency_Key=f"gift-{who.receipt[:8]}")


def by_form(caller: Caller, who: Chooser, person: Planted) -> Answer:
    """On the page, through its review."""
    review = who.form(caller, person, showing="details", go="next")
    assert review.status == 200, review.text
    return who.form(caller, person)


def then_at_a_dealer(caller: Caller, who: Chooser, person: Planted) -> Answer:
    """By post, and then otherwise: the address has no purpose any more."""
    assert who.choose(caller, address_of(person)).status == 200
    return who.choose(caller, {"way": "dealer", "dealer": who.dealer})


def then_withdrawn(caller: Caller, who: Chooser, person: Planted) -> Answer:
    """By post, and then nothing at all."""
    assert who.choose(caller, address_of(person)).status == 200
    return caller.post_json(f"/api/v1/registrations/{who.receipt}/withdraw", who.card)


KEPT: dict[str, Way] = {"by API": by_api, "with a key": by_api_with_key, "on the page": by_form}
DESTROYED: dict[str, Way] = {"then at a dealer": then_at_a_dealer, "then withdrawn": then_withdrawn}


def _wrong(**fields: Callable[[Planted], Any]) -> Way:
    def way(caller: Caller, who: Chooser, person: Planted) -> Answer:
        wrong = {name: make(person) for name, make in fields.items()}
        return who.choose(caller, {**address_of(person), **wrong})

    return way


def _query(caller: Caller, who: Chooser, person: Planted) -> Answer:
    body = json.dumps({**who.card, "pin": "WRONG"}).encode()
    return caller.send(
        "POST", f"{who.path}?{urlencode(address_of(person))}", body, {"Content-Type": "application/json"}
    )


def _broken(caller: Caller, who: Chooser, person: Planted) -> Answer:
    body = json.dumps({**who.card, "gift": who.gift, "delivery": address_of(person)}, ensure_ascii=False).encode()
    return caller.send("POST", who.path, body[:-1], {"Content-Type": "application/json"})


REFUSED: dict[str, Way] = {
    "emoji in the address": _wrong(address=lambda p: f"{p.name} {p.account_number} \N{GRINNING FACE}"),
    "over-long address": _wrong(address=lambda p: f"{p.name} {p.account_number} " * 20),
    "name as phone": _wrong(phone=lambda p: p.name),
    "phone as e-mail": _wrong(email=lambda p: p.phone),
    "name as postcode": _wrong(postcode=lambda p: p.name),
    "account as country": _wrong(country=lambda p: p.account_number),
    "name as way": _wrong(way=lambda p: p.name),
    "name as dealer": _wrong(way=lambda _: "dealer", dealer=lambda p: p.name),
    "a list for the delivery": lambda c, w, p: w.choose(c, [p.name, p.phone]),
    "name as gift": lambda c, w, p: w.choose(c, address_of(p), gift=p.name),
    "wrong PIN": lambda c, w, p: w.choose(c, address_of(p), pin="0000000000000000"),
    "wrong PIN on the page": lambda c, w, p: w.form(c, p, pin="0000000000000000"),
    "emoji on the page": lambda c, w, p: w.form(c, p, delivery_name=f"{p.name}\N{GRINNING FACE}"),
    "query": _query,
    "broken JSON": _broken,
}
