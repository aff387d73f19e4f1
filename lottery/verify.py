"""`python -m lottery.verify BUNDLE`: work a published draw out again and say whether it is what was announced.

Stands alone: the standard library and nothing of this site, so one may copy this file anywhere, read it and run it
(Python 3.11 or newer). It was written apart from the code that draws and does everything another way: if both agree,
a mistake would have to be in both. docs/draws.md describes every format and every check.
"""

import hashlib
import hmac
import json
import re
import struct
import sys
import zlib
from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from os import PathLike
from typing import Any, BinaryIO, NoReturn
from zipfile import BadZipFile, ZipFile

POOL, DRAW = "pool.txt", "draw.json"
MARK = b"cashback-bundle-v1"
DRAW_JSON_MAX, CHUNK = 64 * 2**20, 2**20
QUICKNET = "52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971"
QUICKNET_GENESIS = 1_692_803_367  # seconds of the epoch; a round every three
ENTRY = re.compile(rb"(0|[1-9][0-9]*)\t([0-9a-f]{64})\n")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)", re.ASCII)


@dataclass(frozen=True)
class Verdict:
    """What became of a verification. Where it failed, `reason` names the part and what is wrong with it."""

    ok: bool
    reason: str = ""
    winners: Sequence[int] = ()
    reserves: Sequence[int] = ()
    entries: int = 0
    pool_hash: str = ""
    seed: str = ""
    draw: str = ""
    repacked: bool = False
    leaves: Mapping[int, str] = field(default_factory=dict)


class Wrong(Exception):
    """A check failed; the message is the reason."""


def verify(source: str | PathLike[str] | BinaryIO) -> Verdict:
    """Check a bundle, by its path or as a file that can seek. Never raises for what is wrong with the bundle."""
    try:
        if isinstance(source, str | PathLike):
            with open(source, "rb") as file:
                return _verify(file)
        return _verify(source)
    except Wrong as wrong:
        return Verdict(ok=False, reason=str(wrong))
    except OSError as problem:
        return Verdict(ok=False, reason=f"bundle: cannot be read ({problem.strerror or problem})")


def main(arguments: Sequence[str]) -> int:
    """The command: 0 and a short account, 1 and the reason, or 2 for a wrong call."""
    if len(arguments) != 1 or arguments[0].startswith("-"):
        sys.stderr.write("usage: python -m lottery.verify BUNDLE\n")
        return 2
    verdict = verify(arguments[0])
    if not verdict.ok:
        sys.stdout.write(f"REFUSED  {verdict.reason}\n")
        return 1
    lines = [f"VERIFIED  draw {verdict.draw}: the results follow from pool, secret and figures."]
    if verdict.repacked:
        lines.append("The files were packed again: they are right, the archive is not the one that was published.")
    lines += [f"entries {verdict.entries}", f"pool    {verdict.pool_hash}", f"seed    {verdict.seed}"]
    for title, indexes in (("prize", verdict.winners), ("reserve", verdict.reserves)):
        lines += [f"{title} {rank}: index {at} leaf {verdict.leaves[at]}" for rank, at in enumerate(indexes, 1)]
    sys.stdout.write("\n".join(lines) + "\n")
    return 0


def seed(draw: Mapping[str, Any], pool_hash: str) -> bytes:
    """The key of a draw's numbers: the hash of its text. `draw` has id, secret and figures."""
    figures = "\n".join(f"{figure['name']}={figure['value']}" for figure in draw["figures"])
    text = f"cashback-draw-v1\n{draw['id']}\n{pool_hash}\n{draw['secret']}\n{figures}\n"
    return hashlib.sha256(text.encode()).digest()


def numbers(key: bytes) -> Iterator[int]:
    """The 64-bit numbers of a seed."""
    counter = 0
    while True:
        block = hmac.new(key, counter.to_bytes(8), hashlib.sha256).digest()
        yield from (int.from_bytes(block[start : start + 8]) for start in (0, 8, 16, 24))
        counter += 1


def below(numbers: Iterator[int], m: int) -> int:
    """The remainder of the first number whose stretch of m numbers ends within the 64 bits."""
    for number in numbers:
        remainder = number % m
        if number - remainder + m <= 2**64:
            return remainder
    raise Wrong("draw: the numbers ran out")


def order(key: bytes, entries: int, steps: int) -> list[int]:
    """The first so many positions of the shuffled pool, by shuffling the whole of it."""
    positions, row = array("I", range(entries)), numbers(key)
    for at in range(steps):
        other = at + below(row, entries - at)
        positions[at], positions[other] = positions[other], positions[at]
    return positions[:steps].tolist()


def _verify(file: BinaryIO) -> Verdict:
    pool, account, repacked = _unpack(file)
    draw = _account(account, spelling_matters=not repacked)
    results = draw["winners"] + draw["reserves"]
    entries, pool_hash, leaves = _read_pool(pool, sorted(set(results)))
    _same("draw.json: pool_hash is not the hash of pool.txt", draw["pool_hash"], pool_hash)
    _check_counts(draw, entries)
    committed = hashlib.sha256(bytes.fromhex(draw["secret"])).hexdigest()
    _same("draw.json: commitment is not the hash of secret", draw["commitment"], committed)
    _check_beacon(draw)
    key = seed(draw, pool_hash)
    for rank, (said, drawn) in enumerate(zip(results, order(key, entries, len(results)), strict=True)):
        _same(f"draw.json: result {rank} (winners, then reserves, from 0) is not what the draw gives", said, drawn)
    counted = (entries, pool_hash, key.hex(), draw["id"], repacked, leaves)
    return Verdict(True, "", tuple(draw["winners"]), tuple(draw["reserves"]), *counted)


def _same(complaint: str, said: object, found: object) -> None:
    if said != found:
        raise Wrong(f"{complaint}: it says {said}, the check finds {found}")


def _refuse(reason: str) -> NoReturn:
    raise Wrong(reason)


Chunks = Callable[[], Iterable[bytes]]
# What opening and reading a broken zip archive can raise.
BROKEN = (BadZipFile, ValueError, RuntimeError, EOFError, zlib.error, struct.error)


def _unpack(file: BinaryIO) -> tuple[Chunks, bytes, bool]:
    size = file.seek(0, 2)
    # The mark stands at both ends: an alteration at one leaves the other to say what this file ought to be.
    file.seek(0)
    head = file.read(80)
    file.seek(max(size - 80, 0))
    as_published = MARK in head or MARK in file.read()
    if as_published:
        _check_envelope(file, size)
    try:
        archive = ZipFile(file)
        _check_layout(archive, file, size)
        account = b"".join(_chunks(archive, DRAW))
    except BROKEN as problem:
        _refuse(f"bundle: it is not a whole zip archive ({problem})")
    return lambda: _chunks(archive, POOL), account, not as_published


def _check_envelope(file: BinaryIO, size: int) -> None:
    """Write all that is not content once more, and compare. Contents are held to their checksums when they are read."""
    names = (POOL.encode(), DRAW.encode())
    extra = b"Cb" + struct.pack("<H", len(MARK)) + MARK
    headers = [30 + len(name) + len(extra) for name in names]
    directory_size = sum(46 + len(name) for name in names)
    directory_at = size - directory_size - 22 - len(MARK)
    if directory_at < sum(headers):
        _refuse("bundle: it is too short to be whole")
    file.seek(0)
    head = file.read(headers[0])
    file.seek(directory_at)
    tail = file.read()
    (pool_size,) = struct.unpack_from("<L", head, 22)
    draw_at = headers[0] + pool_size
    draw_size = directory_at - draw_at - headers[1]
    file.seek(draw_at)
    middle = file.read(headers[1])
    same = [
        bytes.fromhex("14000000000000002100")
        + part[14:18]
        + struct.pack("<2LH", length % 2**32, length % 2**32, len(name))
        for part, length, name in zip((head, middle), (pool_size, draw_size), names, strict=True)
    ]
    local = [b"PK\3\4" + same[at] + struct.pack("<H", len(extra)) + names[at] + extra for at in (0, 1)]
    listed = [b"PK\1\2\x14\0" + same[at] + bytes(12) + struct.pack("<L", (0, draw_at)[at]) + names[at] for at in (0, 1)]
    end = b"PK\5\6" + struct.pack("<4H2LH", 0, 0, 2, 2, directory_size, directory_at, len(MARK)) + MARK
    for part, found, expected in (
        ("header of pool.txt", head, local[0]),
        ("header of draw.json", middle, local[1]),
        ("directory", tail, b"".join(listed) + end),
    ):
        if found != expected:
            _refuse(f"bundle: the {part} was altered, or what it describes was cut, moved or added to")


def _check_layout(archive: ZipFile, file: BinaryIO, size: int) -> None:
    infos = sorted(archive.infolist(), key=lambda info: info.header_offset)
    names = sorted(info.filename for info in infos)
    if names != [DRAW, POOL]:
        _refuse(f"bundle: it must hold draw.json and pool.txt once each and nothing else; it holds {', '.join(names)}")
    here = 0
    for info in infos:
        file.seek(here)
        header = file.read(30)
        if info.header_offset != here or not header.startswith(b"PK\3\4"):
            _refuse(f"bundle: bytes that belong to no file stand before {info.filename}")
        here += 30 + sum(struct.unpack_from("<2H", header, 26)) + info.compress_size
        if info.compress_type not in (0, 8) or (info.filename == DRAW and info.file_size > DRAW_JSON_MAX):
            _refuse(f"bundle: {info.filename} is too large, or neither stored nor deflated")
        if info.flag_bits & 8:  # a descriptor of 12 to 24 bytes follows the data
            file.seek(here)
            following = file.read(28)
            here += next((at for at in (12, 16, 20, 24) if following[at : at + 4] in (b"PK\3\4", b"PK\1\2")), 0)
    file.seek(size - 22 - len(archive.comment))
    if here != archive.start_dir or file.read(4) != b"PK\5\6":
        _refuse("bundle: bytes that belong to no file stand before the directory or after the end")


def _chunks(archive: ZipFile, name: str) -> Iterator[bytes]:
    try:
        with archive.open(name) as part:
            while chunk := part.read(CHUNK):
                yield chunk
    except BROKEN as problem:
        _refuse(f"{name}: it was altered ({problem})")


def _account(data: bytes, *, spelling_matters: bool) -> dict[str, Any]:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        fields = dict(pairs)
        return fields if len(fields) == len(pairs) else _refuse("draw.json: a field stands twice")

    def number(text: str) -> int:
        return int(text) if re.fullmatch("-?[0-9]{1,15}", text) else _refuse("draw.json: a number is not a whole one")

    try:
        draw = json.loads(
            data.decode(), object_pairs_hook=once, parse_int=number, parse_float=number, parse_constant=number
        )
        spelled = json.dumps(draw, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()
    except (ValueError, RecursionError) as problem:
        _refuse(f"draw.json: it is not JSON in UTF-8 ({problem})")
    if spelling_matters and spelled != data:
        _refuse("draw.json: it is not spelled as published (RFC 8785)")
    if not isinstance(draw, dict):
        _refuse("draw.json: it is not an object")
    for name, (fits, form) in FORMS.items():
        if not fits(draw.get(name)):
            _refuse(f"draw.json: {name} is missing or is not {form}")
    if datetime.fromisoformat(draw["announced_at"]) > datetime.fromisoformat(draw["frozen_at"]):
        _refuse("draw.json: announced_at is later than frozen_at")
    return draw


def _is_count(value: object) -> bool:
    return type(value) is int and value >= 0


def _is_time(value: object) -> bool:
    try:
        return isinstance(value, str) and TIME.fullmatch(value) is not None and bool(datetime.fromisoformat(value))
    except ValueError:
        return False


def _is_figure(figure: Any) -> bool:
    name, value = (str(figure.get(part, "")) if isinstance(figure, dict) else "" for part in ("name", "value"))
    if figure != {"name": name, "value": value} or not 1 <= len(name) <= 64 or not 1 <= len(value) <= 64:
        return False
    breaks = any(ord(sign) < 32 or 127 <= ord(sign) < 160 or sign in "=\u2028\u2029" for sign in name)
    spaced = " " in (name[0], name[-1], value[0], value[-1])
    return not breaks and not spaced and all(" " <= sign <= "~" for sign in value)


def _is_prize(prize: Any) -> bool:
    return isinstance(prize, dict) and isinstance(prize.get("name"), str) and _is_count(prize.get("amount_minor"))


def _text(pattern: str) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and re.fullmatch(pattern, value, re.DOTALL) is not None


def _list(fits: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, list) and all(map(fits, value))


FORMS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "id": (_text("[A-Z0-9-]+"), "of A to Z, 0 to 9 and -"),
    "program": (_text(".+"), "a text"),
    **dict.fromkeys(("announced_at", "frozen_at"), (_is_time, "a time as RFC 3339 writes it")),
    **dict.fromkeys(
        ("commitment", "secret", "pool_hash"), (_text("[0-9a-f]{64}"), "64 hexadecimal digits, lower case")
    ),
    "figures": (_list(_is_figure), "a list of figures with name and value in the form described"),
    **dict.fromkeys(("winners", "reserves"), (_list(_is_count), "a list of indexes")),
    "prizes": (_list(_is_prize), "a list of prizes with name and amount_minor"),
}


def _check_counts(draw: dict[str, Any], entries: int) -> None:
    figures, winners, reserves = (len(draw[name]) for name in ("figures", "winners", "reserves"))
    if not figures or len({figure["name"] for figure in draw["figures"]}) != figures:
        _refuse("draw.json: figures are none, or two have the same name")
    _same("draw.json: the winners are not one per prize and entry", winners, min(len(draw["prizes"]), entries))
    if winners + reserves > entries:
        _refuse("draw.json: winners and reserves are more than the entries")
    announced = draw.get("reserves_announced", reserves)
    if not _is_count(announced) or reserves != min(announced, entries - winners):
        _refuse(f"draw.json: reserves are {reserves}, and {announced} were announced for {entries} entries")


def _check_beacon(draw: dict[str, Any]) -> None:
    figures = [figure for figure in draw["figures"] if figure["name"].startswith("drand-")]
    beacon = draw.get("beacon")
    if beacon is None and not figures:
        return
    if not isinstance(beacon, dict) or len(figures) != 1:
        _refuse("draw.json: a figure from the drand beacon and the field beacon must come together, one of each")
    number, signature = beacon.get("round", 0), str(beacon.get("signature"))
    if not _is_count(number) or beacon.get("chain") != QUICKNET or not re.fullmatch("[0-9a-f]{96}", signature):
        _refuse("draw.json: beacon is not a round and signature (96 hexadecimal digits) of the quicknet chain")
    _same("draw.json: the figure of the beacon is not of its round", figures[0]["name"], f"drand-quicknet-{number}")
    randomness = hashlib.sha256(bytes.fromhex(signature)).hexdigest()
    _same("draw.json: the figure of the beacon is not the hash of its signature", figures[0]["value"], randomness)
    if QUICKNET_GENESIS + (number - 1) * 3 <= datetime.fromisoformat(draw["frozen_at"]).timestamp():
        _refuse("draw.json: the beacon's round was known before the pool was frozen")


def _read_pool(pool: Chunks, asked: list[int]) -> tuple[int, str, dict[int, str]]:
    digest, entries, leaves = hashlib.sha256(), 0, dict[int, str]()
    # Leaves by their first 64 bits: equal ones among them are looked at whole, so eight bytes an entry are enough.
    buckets = [array("Q") for _ in range(64)]
    appends = [bucket.append for bucket in buckets]
    for block in _whole_lines(pool()):
        digest.update(block)
        found = ENTRY.findall(block)
        indexes = [index for index, _ in found]
        in_order = indexes == [b"%d" % index for index in range(entries, entries + len(found))]
        if not in_order or sum(map(len, indexes)) + 66 * len(found) != len(block):
            _refuse(f"pool.txt: {_first_bad_line(block, entries)}")
        for at in asked[bisect_left(asked, entries) : bisect_left(asked, entries + len(found))]:
            leaves[at] = found[at - entries][1].decode()
        words = array("Q", bytes.fromhex(b"".join(leaf for _, leaf in found).decode()))[::4]
        for word in words:
            appends[word % 64](word)
        entries += len(found)
    for bucket in buckets:
        if len(set(bucket)) != len(bucket):
            _compare_whole(pool, bucket)
    return entries, digest.hexdigest(), leaves


def _whole_lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    rest = b""
    for chunk in chunks:
        *lines, rest = (rest + chunk).rsplit(b"\n", 1)
        if lines:
            yield lines[0] + b"\n"
        elif len(rest) > CHUNK:
            _refuse("pool.txt: it has a line without end")
    if rest:
        _refuse("pool.txt: its last line has no end")


def _first_bad_line(block: bytes, first: int) -> str:
    for index, line in enumerate(block.splitlines(keepends=True), first):
        entry = ENTRY.fullmatch(line)
        if not entry:
            return f"line {index + 1} is not an index, a tab and 64 hexadecimal digits in lower case"
        if int(entry[1]) != index:
            return f"line {index + 1} has index {entry[1].decode()} where {index} belongs"
    return f"it is not whole after line {first}"


def _compare_whole(pool: Chunks, bucket: Iterable[int]) -> None:
    suspects = {word for word, times in Counter(bucket).items() if times > 1}
    seen: dict[bytes, bytes] = {}
    for block in _whole_lines(pool()):
        for index, leaf in ENTRY.findall(block):
            if int.from_bytes(bytes.fromhex(leaf[:16].decode()), sys.byteorder) in suspects:
                if leaf in seen:
                    _refuse(f"pool.txt: index {index.decode()} has the leaf of index {seen[leaf].decode()}")
                seen[leaf] = index


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
