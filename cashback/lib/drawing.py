"""The arithmetic of a draw and the bundle that publishes it; docs/draws.md has both for other people's verifiers.

`lottery/verify.py` and `draw-verify.js` work the same draw out on their own. Nothing here is shared with them, so that
a mistake here shows there.
"""

import hashlib
import hmac
import json
import re
import struct
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, BinaryIO

from django.utils.translation import gettext as _

from cashback.lib.errors import DomainError, InvalidDetails

SECRET_SIZE = 32
FIGURES_MAX = 32
FIGURE_MAX = 64
POOL_NAME, DRAW_NAME = b"pool.txt", b"draw.json"
BUNDLE_MARK = b"cashback-bundle-v1"
POOL_SIZE_MAX = 2**32 - 2**27  # fifty million entries; beyond it a zip needs another form

_ID = re.compile(r"[A-Z0-9-]+", re.ASCII)
_SHA256_HEX = re.compile(r"[0-9a-f]{64}", re.ASCII)
_FIELD = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)
# Controls and separators of lines would make two figures look like one; "=" ends the name in the seed's text.
_NOT_IN_NAMES = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff=]")
_NOT_IN_VALUES = re.compile("[^ -~]")
_INTEGER_MAX = 2**53 - 1  # what every reader of JSON keeps exactly


def commitment(secret: bytes) -> str:
    """What is published of the secret when a draw is announced."""
    assert len(secret) == SECRET_SIZE
    return hashlib.sha256(secret).hexdigest()


def pool_hash(pieces: Iterable[bytes]) -> str:
    """The hash of a pool file that comes in pieces, wherever they are cut."""
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
    return digest.hexdigest()


def seed(*, draw_id: str, pool_hash: str, secret: bytes, figures: Sequence[tuple[str, str]]) -> bytes:
    """The 32 bytes that decide everything: who is in, what was committed to, and what nobody could know by then.

    `figures` are (name, value) in the order announced. Raises InvalidDetails where id or figures are out of form.
    """
    assert len(secret) == SECRET_SIZE
    assert _SHA256_HEX.fullmatch(pool_hash)
    check_id(draw_id)
    check_figures(figures)
    lines = ("cashback-draw-v1", draw_id, pool_hash, secret.hex(), *(f"{name}={value}" for name, value in figures))
    return hashlib.sha256("".join(f"{line}\n" for line in lines).encode()).digest()


def numbers(seed: bytes) -> Iterator[int]:
    """The endless row of 64-bit numbers that a seed stands for: four from each HMAC of a counter."""
    block, unpack = 0, struct.Struct(">4Q").unpack
    while True:
        yield from unpack(hmac.digest(seed, block.to_bytes(8, "big"), "sha256"))
        block += 1


def below(numbers: Iterator[int], m: int, *, bits: int = 64) -> int:
    """A fair number from 0 to m - 1: numbers of the incomplete last stretch of m are skipped, not folded back.

    Takes at least one number, for m = 1 too. `bits` is the width of the numbers; draws use 64.
    """
    assert 0 < m <= 1 << bits
    limit = (1 << bits) // m * m
    number = next(numbers)
    while number >= limit:
        number = next(numbers)
    return number % m


def draw(*, seed: bytes, entries: int, results: int) -> list[int]:
    """The indexes drawn, in order: the first `results` steps of a Fisher-Yates shuffle of 0 to entries - 1.

    Only positions that moved are kept, so time and memory follow the results and not the pool.
    """
    assert entries >= 0
    assert results >= 0
    row = numbers(seed)
    moved: dict[int, int] = {}
    drawn = []
    for position in range(min(results, entries)):
        other = position + below(row, entries - position)
        drawn.append(moved.get(other, other))
        moved[other] = moved.pop(position, position)
    return drawn


def check_id(draw_id: str) -> None:
    """Raise InvalidDetails (field `id`) unless this can be a draw's id."""
    if not _ID.fullmatch(draw_id):
        raise InvalidDetails({"id": [_("A draw's id consists of capital letters A to Z, digits and hyphens.")]})


def check_names(names: Sequence[str]) -> None:
    """Raise InvalidDetails (fields `figures`, `figures.0.name` ...) unless these can be announced as figures' names."""
    _refuse(_faults_of_names(names))


def check_figures(figures: Sequence[tuple[str, str]]) -> None:
    """Raise InvalidDetails (`figures.0.value` ... too) unless these names and values can go into a seed."""
    faults = _faults_of_names([name for name, _value in figures])
    for index, (_name, value) in enumerate(figures):
        if fault := _fault_of_value(value):
            faults[f"figures.{index}.value"] = [fault]
    _refuse(faults)


def draw_json(
    *,
    draw_id: str,
    program: str,
    announced_at: datetime,
    frozen_at: datetime,
    secret: bytes,
    figures: Sequence[tuple[str, str]],
    pool_hash: str,
    winners: Sequence[int],
    reserves: Sequence[int],
    reserves_announced: int,
    prizes: Sequence[Mapping[str, Any]],
    extra: Mapping[str, Any] | None = None,
) -> bytes:
    """The public account of a draw, in the one spelling it can have (`canonical`).

    `reserves_announced` is how many reserves were to be drawn, were the pool large enough. `extra` adds fields of any
    other name, such as `beacon` {"round", "signature", "chain"} for a figure from the drand beacon.
    """
    check_id(draw_id)
    check_figures(figures)
    account = {
        "id": draw_id,
        "program": program,
        "announced_at": timestamp(announced_at),
        "frozen_at": timestamp(frozen_at),
        "commitment": commitment(secret),
        "secret": secret.hex(),
        "figures": [{"name": name, "value": value} for name, value in figures],
        "pool_hash": pool_hash,
        "winners": list(winners),
        "reserves": list(reserves),
        "reserves_announced": reserves_announced,
        "prizes": [dict(prize) for prize in prizes],
    }
    added = dict(extra or {})
    assert not added.keys() & account.keys()
    return canonical(account | added)


def timestamp(moment: datetime) -> str:
    """A time as the bundle writes it: RFC 3339 in UTC."""
    assert moment.tzinfo is not None
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def canonical(value: Any) -> bytes:
    """JSON as RFC 8785 spells it, for the part of JSON used here: no fractions, field names of a-z, 0-9 and _."""
    _assert_plain(value)
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def write_bundle(out: BinaryIO, pool_pieces: Iterable[bytes], draw_json: bytes) -> int:
    """Write the bundle from where `out` (seekable) stands, and return its size in bytes.

    The same pool and account give the same bytes everywhere: files are stored as they are, because compressed data can
    be changed without changing what they hold, and every field of the archive is fixed. The pool is passed through.
    """
    start = out.tell()
    # Size and checksum stand before the pool and are known after it.
    out.write(bytes(len(_local_header(POOL_NAME, 0, 0))))
    size, checksum = 0, 0
    for piece in pool_pieces:
        size += len(piece)
        checksum = zlib.crc32(piece, checksum)
        if size > POOL_SIZE_MAX:
            raise PoolTooLarge(size_max=POOL_SIZE_MAX)
        out.write(piece)
    account = (DRAW_NAME, len(draw_json), zlib.crc32(draw_json))
    out.write(_local_header(*account) + draw_json)
    second = len(_local_header(POOL_NAME, size, checksum)) + size
    directory = _directory_entry(POOL_NAME, size, checksum, 0) + _directory_entry(*account, second)
    directory_at = out.tell() - start
    out.write(directory + _end_record(len(directory), directory_at))
    end = out.tell()
    out.seek(start)
    out.write(_local_header(POOL_NAME, size, checksum))
    out.seek(end)
    return end - start


class PoolTooLarge(DomainError):
    """The pool file would be larger than the %(size_max)s bytes that a bundle can hold."""

    code = "pool_too_large"


def _refuse(faults: dict[str, list[str]]) -> None:
    if faults:
        raise InvalidDetails(faults)


def _faults_of_names(names: Sequence[str]) -> dict[str, list[str]]:
    faults: dict[str, list[str]] = {}
    if not 1 <= len(names) <= FIGURES_MAX:
        faults["figures"] = [_("Name at least one and at most %(max)d public figures.") % {"max": FIGURES_MAX}]
    for index, name in enumerate(names):
        if fault := _fault_of_name(name):
            faults[f"figures.{index}.name"] = [fault]
        elif name in names[:index]:
            faults[f"figures.{index}.name"] = [_("Two figures of one draw cannot have the same name.")]
    return faults


def _fault_of_name(name: str) -> str | None:
    if not 1 <= len(name) <= FIGURE_MAX:
        return _("A figure's name has 1 to %(max)d characters.") % {"max": FIGURE_MAX}
    if _NOT_IN_NAMES.search(name):
        return _("A figure's name is one line and has no equals sign.")
    if name != name.strip(" "):
        return _("A figure's name neither begins nor ends with a space.")
    return None


def _fault_of_value(value: str) -> str | None:
    if not 1 <= len(value) <= FIGURE_MAX:
        return _("A figure's value has 1 to %(max)d characters.") % {"max": FIGURE_MAX}
    if _NOT_IN_VALUES.search(value):
        return _("A figure's value consists of the characters of an English keyboard, on one line.")
    if value != value.strip(" "):
        return _("A figure's value neither begins nor ends with a space.")
    return None


def _assert_plain(value: Any) -> None:
    match value:
        case None | bool():
            pass
        case int():
            assert abs(value) <= _INTEGER_MAX
        case str():
            value.encode()  # half a surrogate pair is no character
        case dict():
            assert all(isinstance(name, str) and _FIELD.fullmatch(name) for name in value), list(value)
            for part in value.values():
                _assert_plain(part)
        case list() | tuple():
            for part in value:
                _assert_plain(part)
        case _:
            raise AssertionError(f"no place in a bundle for {type(value).__name__}")


# APPNOTE 4.5: readers skip an extra field that they do not know. The mark stands at both ends of the bundle, so a
# reader can tell an altered bundle from the same files packed again by somebody else.
_EXTRA = struct.pack("<HH", 0x6243, len(BUNDLE_MARK)) + BUNDLE_MARK
_VERSION, _FLAGS, _STORED, _MIDNIGHT, _FIRST_OF_1980 = 20, 0, 0, 0, 0x0021


def _local_header(name: bytes, size: int, checksum: int) -> bytes:
    fixed = (_VERSION, _FLAGS, _STORED, _MIDNIGHT, _FIRST_OF_1980, checksum, size, size, len(name), len(_EXTRA))
    return b"PK\x03\x04" + struct.pack("<5H3L2H", *fixed) + name + _EXTRA


def _directory_entry(name: bytes, size: int, checksum: int, offset: int) -> bytes:
    fixed = (_VERSION, _VERSION, _FLAGS, _STORED, _MIDNIGHT, _FIRST_OF_1980, checksum, size, size, len(name))
    return b"PK\x01\x02" + struct.pack("<6H3L5H2L", *fixed, 0, 0, 0, 0, 0, offset) + name


def _end_record(size: int, offset: int) -> bytes:
    return b"PK\x05\x06" + struct.pack("<4H2LH", 0, 0, 2, 2, size, offset, len(BUNDLE_MARK)) + BUNDLE_MARK
