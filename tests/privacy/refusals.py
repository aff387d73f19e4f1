"""Every way to bring personal data where it does not belong. Each sends one person's values; none may keep them."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from tests.journeys.caller import Answer, Caller
from tests.journeys.whole import FILLER, Whole
from tests.privacy.planted import Planted

API = "/api/v1/registrations"
FORM = {"showing": "review", "go": "confirm", "accept": "on"}


@dataclass(frozen=True)
class Cards:
    """What the refused hold in their hands."""

    fresh: dict[str, str]  # sold, and never registered
    taken: dict[str, str]  # registered by somebody else
    unsold: dict[str, str]


Way = Callable[[Caller, Planted, Cards], Answer]


def _api(caller: Caller, person: Planted, card: dict[str, str], **changes: Any) -> Answer:
    """The person's registration with one part changed: `holder__name="..."` is the name."""
    body = person.body(card)
    for path, value in changes.items():
        part, _, name = path.partition("__")
        if name:
            body[part] = {**body.get(part, {}), name: value}
        else:
            body[part] = value
    return caller.register(body)


def _form(caller: Caller, person: Planted, card: dict[str, str], **changes: str) -> Answer:
    return caller.post_form("/register/", {**person.form(card), **FORM, **changes})


def _bank_with_control(caller: Caller, person: Planted, cards: Cards) -> Answer:
    return _api(caller, person, cards.fresh, account__bank=f"{person.name}\x07")


def _wrong_pin(caller: Caller, person: Planted, cards: Cards) -> Answer:
    return _api(caller, person, {"serial": cards.fresh["serial"], "pin": cards.taken["pin"]})


def _query_of_the_api(caller: Caller, person: Planted, cards: Cards) -> Answer:
    query = urlencode({"name": person.name, "phone": person.phone, "account": person.account_number})
    body = json.dumps({**person.body(cards.fresh), "pin": "WRONG"}).encode()
    return caller.send("POST", f"{API}?{query}&email={person.email}", body, {"Content-Type": "application/json"})


def _query_of_a_page(caller: Caller, person: Planted, _cards: Cards) -> Answer:
    query = urlencode({"name": person.name, "phone": person.phone, "number": person.account_number})
    for page in ("/", "/register/", "/status/", "/dealer/", "/admin/", "/no-such-page/"):
        caller.get(f"{page}?{query}&email={person.email}")
    return caller.get(f"/api/v1/programs?cursor={quote(person.name)}&limit={person.phone}")


def _path_of_a_page(caller: Caller, person: Planted, _cards: Cards) -> Answer:
    for value in person.values:
        for page in ("/s/{}/", "/s/{}/correct/", "/programs/{}/", "/{}/", "/erasures/{}/"):
            caller.get(page.format(quote(value, safe="")))
    return caller.get(f"/dealer/{quote(person.name)}/")


def _path_of_the_api(caller: Caller, person: Planted, cards: Cards) -> Answer:
    for value in person.values:
        for path in ("status/{}", "programs/{}", "erasures/{}", "{}"):
            caller.get(f"/api/v1/{path.format(quote(value, safe=''))}")
    return caller.post_json(f"{API}/{quote(person.name)}/withdraw", cards.fresh)


def _headers(caller: Caller, person: Planted, _cards: Cards) -> Answer:
    name = quote(person.name)
    sent = {
        "User-Agent": name,
        "Referer": f"http://127.0.0.1/?{person.email}",
        "Accept-Language": person.email,
        "Authorization": f"Token {person.account_number}",
        "Cookie": f"sessionid={person.account_number}; csrftoken={person.phone}; django_language={name}",
        "X-Forwarded-For": person.phone,
    }
    caller.send("GET", "/register/", headers=sent)
    caller.send("GET", "/dealer/", headers=sent)
    return caller.send("GET", "/api/v1/dealer/lots", headers=sent)


def _broken_json(caller: Caller, person: Planted, cards: Cards) -> Answer:
    body = json.dumps(person.body(cards.fresh), ensure_ascii=False).encode()[:-1]
    return caller.send("POST", API, body, {"Content-Type": "application/json"})


def _foreign_charset(caller: Caller, person: Planted, cards: Cards) -> Answer:
    body = json.dumps(person.body(cards.fresh), ensure_ascii=False).encode("utf-16")
    return caller.send("POST", API, body, {"Content-Type": "application/json; charset=utf-16"})


def _wrong_type(caller: Caller, person: Planted, cards: Cards) -> Answer:
    return caller.send("POST", API, urlencode(person.form(cards.fresh)).encode(), {"Content-Type": "text/plain"})


def _much_too_large(caller: Caller, person: Planted, _cards: Cards) -> Answer:
    return caller.post_json(API, {"holder": [person.body({}) for _ in range(1_000)]})


def _idempotency_key(caller: Caller, person: Planted, cards: Cards) -> Answer:
    body = {**cards.fresh, "pin": "WRONG", **FILLER}
    for key in (person.email, person.phone, person.account_number):
        caller.register(body, Idempotency_Key=key)
    return caller.register(body, Idempotency_Key=quote(person.name))


def _without_token(caller: Caller, person: Planted, cards: Cards) -> Answer:
    body = urlencode({**person.form(cards.fresh), **FORM}).encode()
    return caller.send("POST", "/register/", body, {"Content-Type": "application/x-www-form-urlencoded"})


def _asked_for_status(caller: Caller, person: Planted, _cards: Cards) -> Answer:
    for value in person.values:
        caller.post_form("/status/", {"receipt": value})
    return caller.post_form("/lost/", {"serial": person.phone, "pin": person.name})


# One line a way; an answer of the 400s unless it says otherwise.
WAYS: dict[str, Way] = {
    "emoji in the name": lambda c, p, k: _api(c, p, k.fresh, holder__name=f"{p.name} \N{GRINNING FACE}"),
    "emoji in the form": lambda c, p, k: _form(c, p, k.fresh, name=f"\N{GRINNING FACE}{p.name}"),
    "over-long name": lambda c, p, k: _api(c, p, k.fresh, holder__name=f"{p.name} " * 30),
    "over-long name in the form": lambda c, p, k: _form(c, p, k.fresh, name=f"{p.name} " * 30),
    "name as phone": lambda c, p, k: _api(c, p, k.fresh, holder__phone=p.name),
    "account as phone": lambda c, p, k: _form(c, p, k.fresh, phone=p.account_number),
    "e-mail as phone": lambda c, p, k: _form(c, p, k.fresh, phone=p.email),
    "phone as e-mail": lambda c, p, k: _api(c, p, k.fresh, holder__email=p.phone),
    "name as account": lambda c, p, k: _api(c, p, k.fresh, account__number=p.name),
    "account as name": lambda c, p, k: _api(c, p, k.fresh, holder__name=p.account_number, account__number=p.name),
    "account as kind": lambda c, p, k: _api(c, p, k.fresh, account__kind=p.account_number),
    "wrong account": lambda c, p, k: _api(c, p, k.fresh, account__number=f"{p.account_number}1", account__kind="iban"),
    "name as serial": lambda c, p, k: _api(c, p, {"serial": p.name, "pin": k.fresh["pin"]}),
    "phone as serial": lambda c, p, k: _form(c, p, {"serial": p.phone, "pin": k.fresh["pin"]}),
    "name as PIN": lambda c, p, k: _api(c, p, {"serial": k.fresh["serial"], "pin": p.name}),
    "account as PIN": lambda c, p, k: _form(c, p, {"serial": k.fresh["serial"], "pin": p.account_number}),
    "phone as terms": lambda c, p, k: _api(c, p, k.fresh, terms_version=p.phone),
    "name as terms": lambda c, p, k: _api(c, p, k.fresh, terms_version=p.name),
    "name as a field": lambda c, p, k: _api(c, p, k.fresh, **{p.name: p.phone, "holder__" + p.email: p.name}),
    "a list for the holder": lambda c, p, k: _api(c, p, k.fresh, holder=[p.name, p.phone]),
    "control character in the bank": _bank_with_control,
    "wrong PIN": _wrong_pin,
    "unsold card": lambda c, p, k: _api(c, p, k.unsold),
    "unsold card in the form": lambda c, p, k: _form(c, p, k.unsold),
    "card of another": lambda c, p, k: _api(c, p, k.taken),
    "card of another in the form": lambda c, p, k: _form(c, p, k.taken),
    "query of the API": _query_of_the_api,
    "query of a page": _query_of_a_page,
    "path of a page": _path_of_a_page,
    "path of the API": _path_of_the_api,
    "headers": _headers,
    "broken JSON": _broken_json,
    "foreign charset": _foreign_charset,
    "wrong type": _wrong_type,
    "much too large": _much_too_large,
    "idempotency key": _idempotency_key,
    "form without its token": _without_token,
    "asked for status": _asked_for_status,
}


def as_product(whole: Whole, person: Planted) -> Answer:
    """The one that is taken: who names a product is believed, and the words are dropped."""
    product = {"name": f"{person.name} {person.phone}", "specification": f"{person.email} {person.account_number}"}
    return whole.caller().register({**whole.card(), **FILLER, "product": product})
