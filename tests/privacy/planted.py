"""Invented people whose every value can be told from anything else that the program keeps."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

from stdnum import luhn
from stdnum.iso7064 import mod_97_10

CONSONANTS, VOWELS = "bdfgjklmprstvz", "aeiou"
DOUBLE_FAMILY_NAMES = ("欧阳", "司徒", "诸葛", "慕容", "尉迟", "澹台")
RARE = "璟翀彧骞晟珩瑄祯禛祎旸昶昕翊衎琰珏瑾瑜璇玥琬琮琦珺琛"


@dataclass(frozen=True, kw_only=True)
class Planted:
    """One person, as the site would write them down."""

    name: str
    phone: str
    email: str
    account_kind: str
    account_number: str

    @property
    def values(self) -> tuple[str, ...]:
        """What must never be found."""
        return (self.name, self.phone, self.email.partition("@")[0], self.account_number)

    def body(self, card: dict[str, str]) -> dict[str, Any]:
        """A registration over the API, typed as people type: with spaces, and without the country."""
        spaced = f"{self.phone[:3]} {self.phone[3:7]} {self.phone[7:]}"
        return {
            **card,
            "holder": {"name": self.name, "phone": spaced, "email": self.email},
            "account": {"kind": self.account_kind, "number": in_fours(self.account_number)},
        }

    def form(self, card: dict[str, str]) -> dict[str, str]:
        """The same as the page's form sends it."""
        return {
            **card,
            "name": self.name,
            "phone": self.phone,
            "email": self.email,
            "account_kind": self.account_kind,
            "account_number": in_fours(self.account_number),
        }


def in_fours(number: str) -> str:
    """As it is printed on a bank card."""
    return " ".join(number[start : start + 4] for start in range(0, len(number), 4))


def people(rng: Random, count: int) -> list[Planted]:
    """As many people as asked for; every other one writes a Chinese name."""
    found: list[Planted] = []
    used: set[str] = set()
    while len(found) < count:
        person = _person(rng, chinese=len(found) % 2 == 1)
        if used.isdisjoint(person.values):
            used.update(person.values)
            found.append(person)
    return found


def with_account_ending(person: Planted, ending: str) -> Planted:
    """The same person with an account whose end tells the simulated bank what to do."""
    account = f"ZX{person.account_number[2:10]}{ending}"
    return Planted(
        name=person.name, phone=person.phone, email=person.email, account_kind="other", account_number=account
    )


def _person(rng: Random, *, chinese: bool) -> Planted:
    kind, number = _account(rng)
    name = rng.choice(DOUBLE_FAMILY_NAMES) + "".join(rng.sample(RARE, 3)) if chinese else f"{_word(rng)} {_word(rng)}"
    return Planted(
        name=name,
        phone="138" + "".join(rng.choices("123456789", k=8)),
        email=f"{_word(rng).lower()}.{_word(rng).lower()}@example.com",
        account_kind=kind,
        account_number=number,
    )


def _account(rng: Random) -> tuple[str, str]:
    digits = "".join(rng.choices("123456789", k=18))
    kind = rng.choice(("cn_card", "iban", "other"))
    if kind == "cn_card":
        return kind, digits + str(luhn.calc_check_digit(digits))
    if kind == "iban":
        return kind, f"DE{mod_97_10.calc_check_digits(digits + 'DE')}{digits}"
    return kind, f"QK{digits}"


def _word(rng: Random) -> str:
    return "".join(_syllables(rng, 4)).capitalize()


def _syllables(rng: Random, count: int) -> Iterator[str]:
    for _ in range(count):
        yield rng.choice(CONSONANTS) + rng.choice(VOWELS)
