"""Rounds of the drand beacon's quicknet, checked against its public key, which is built in.

drand is run by organizations that know each other's shares of a key and nobody the key: every three seconds they sign
the number of the round together (BLS on BLS12-381, scheme bls-unchained-g1-rfc9380). Nobody can know a round's
signature before, and nobody can choose it. A round comes as the JSON file of drand's public API; nothing is fetched.
"""

import hashlib
import json
import re
import struct
import sys
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from py_ecc.bls.g2_primitives import subgroup_check
from py_ecc.bls.hash_to_curve import hash_to_G1
from py_ecc.bls.point_compression import decompress_G1, decompress_G2
from py_ecc.bls.typing import G1Compressed, G2Compressed
from py_ecc.optimized_bls12_381 import FQ12, G2, final_exponentiate, is_inf, neg, pairing

from cashback.lib.errors import DomainError

# Importing py_ecc raises the limit a hundredfold, beyond what the C stack holds: a body of nested brackets would end
# the whole process. Nothing used here is recursive; the limit is Python's own again.
RECURSION_MAX = 1_000
sys.setrecursionlimit(RECURSION_MAX)

CHAIN = "52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971"
GENESIS = datetime.fromtimestamp(1_692_803_367, UTC)
PERIOD_SECONDS = 3
FILE_MAX = 4_096
ROUND_MAX = (datetime.max.replace(tzinfo=UTC) - GENESIS) // timedelta(seconds=PERIOD_SECONDS)  # later ones have no date

_PUBLIC_KEY = bytes.fromhex(
    "83cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c8c4b450b6a0a6c3ac6a5776a2d106451"
    "0d1fec758c921cc22b0e17e63aaf4bcb5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a"
)
# What the network was founded with; it is in the chain's hash and nowhere else.
_GROUP_HASH = bytes.fromhex("f477d5c89f21a17c863a7f937c6a6d15859414d2be09cd448d4279af331c5d3e")
_DOMAIN = b"BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_"
_SIGNATURE = re.compile(r"[0-9a-f]{96}", re.ASCII)
_RANDOMNESS = re.compile(r"[0-9a-f]{64}", re.ASCII)


class RoundRefused(DomainError):
    """The file is not a round of drand's quicknet."""

    code = "beacon_refused"


class NotARound(RoundRefused):
    """The file is not a round as drand's public API gives it: JSON with round, randomness and signature."""


class RandomnessDiffers(RoundRefused):
    """The randomness in the file is not the hash of its signature."""


class SignatureRefused(RoundRefused):
    """The signature in the file is not quicknet's for round %(round)s."""


class WrongRound(RoundRefused):
    """The file holds round %(round)s; the draw was announced with round %(announced)s."""


class Round(NamedTuple):
    """One round, verified. `randomness` and `signature` in lower-case hex."""

    number: int
    randomness: str
    signature: str

    @property
    def figure(self) -> tuple[str, str]:
        """Name and value of the round among a draw's public figures."""
        return figure_name(self.number), self.randomness


def figure_name(number: int) -> str:
    """How a round is named among the figures that a draw announces."""
    return f"drand-quicknet-{number}"


def published_at(number: int) -> datetime:
    """When a round is made; nobody knows it before."""
    assert number >= 1
    return GENESIS + timedelta(seconds=(number - 1) * PERIOD_SECONDS)


def round_at(moment: datetime) -> int:
    """The newest round at this time. The first one made after it is one more."""
    assert moment >= GENESIS
    return (moment - GENESIS) // timedelta(seconds=PERIOD_SECONDS) + 1


def verify_round(file: bytes, *, announced: int | None = None) -> Round:
    """Read a round and check it against the key of the network, as far as pairing goes (a second of work).

    Raises NotARound, WrongRound (unless it is the one announced), RandomnessDiffers or SignatureRefused.
    """
    number, randomness, signature = _read(file)
    if announced is not None and number != announced:
        raise WrongRound(round=number, announced=announced)
    if hashlib.sha256(bytes.fromhex(signature)).hexdigest() != randomness:
        raise RandomnessDiffers
    if not _is_signed(number, bytes.fromhex(signature)):
        raise SignatureRefused(round=number)
    return Round(number, randomness, signature)


def chain_hash() -> str:
    """The network's name, worked out from its key and parameters: a mistyped key would show here."""
    parameters = struct.pack(">Lq", PERIOD_SECONDS, int(GENESIS.timestamp()))
    return hashlib.sha256(parameters + _PUBLIC_KEY + _GROUP_HASH + b"quicknet").hexdigest()


def _read(file: bytes) -> tuple[int, str, str]:
    try:
        fields: Any = json.loads(file.decode()) if len(file) <= FILE_MAX else None
    except (ValueError, RecursionError) as problem:
        raise NotARound from problem
    if not isinstance(fields, dict):
        raise NotARound
    number, randomness, signature = (fields.get(name) for name in ("round", "randomness", "signature"))
    if type(number) is not int or not 1 <= number <= ROUND_MAX:
        raise NotARound
    if not isinstance(randomness, str) or not isinstance(signature, str):
        raise NotARound
    if not _RANDOMNESS.fullmatch(randomness) or not _SIGNATURE.fullmatch(signature):
        raise NotARound
    return number, randomness, signature


def _is_signed(number: int, signature: bytes) -> bool:
    """Whether e(signature, g2) = e(H(round), key), as one product of pairings that must be 1."""
    try:
        point = decompress_G1(G1Compressed(int.from_bytes(signature, "big")))
    except ValueError:
        return False
    # Infinity would verify against nothing but an infinite key; it is refused by the standard all the same.
    if is_inf(point) or not subgroup_check(point):
        return False
    key = decompress_G2(
        G2Compressed((int.from_bytes(_PUBLIC_KEY[:48], "big"), int.from_bytes(_PUBLIC_KEY[48:], "big")))
    )
    message = hash_to_G1(hashlib.sha256(number.to_bytes(8, "big")).digest(), _DOMAIN, hashlib.sha256)  # type: ignore[arg-type]  # wants the function, says the object
    product = pairing(neg(G2), point, final_exponentiate=False) * pairing(key, message, final_exponentiate=False)
    return bool(final_exponentiate(product) == FQ12.one())
