import hashlib
import io
import json
import random
import shutil
import subprocess
import sys
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from lottery import verify as verifier
from lottery.verify import Verdict, verify
from tests.lottery.bundles import (
    FIGURES,
    POOL_HASH,
    RESULTS,
    SEED,
    Drawn,
    changed,
    of_size,
    packed_again,
    pool_of,
    sealed,
)

ROUND, SIGNATURE = (
    1_000,
    "b44679b9a59af2ec876b1a6b1ad52ea9b1615fc3982b19576350f93447cb1125e342b73a8dd2bacbe47e4b6b63ed5e39",
)
QUICKNET = "52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971"
RANDOMNESS = hashlib.sha256(bytes.fromhex(SIGNATURE)).hexdigest()


def judge(bundle: bytes) -> Verdict:
    return verify(io.BytesIO(bundle))


def refusal(bundle: bytes) -> str:
    verdict = judge(bundle)
    assert not verdict.ok
    assert verdict.reason.startswith(("bundle: ", "pool.txt: ", "draw.json: "))
    assert not verdict.winners
    return verdict.reason


def run(*arguments: str, script: Path | None = None) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, *(["-I", "-S", str(script)] if script else ["-m", "lottery.verify"]), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def test_the_published_vector() -> None:
    verdict = judge(Drawn(prizes=4, reserves=6).bundle())
    assert verdict.ok, verdict.reason
    assert (*verdict.winners, *verdict.reserves) == RESULTS
    assert (verdict.entries, verdict.pool_hash, verdict.seed) == (10, POOL_HASH, SEED)
    assert verdict.leaves[7] == hashlib.sha256(b"7").hexdigest()


def test_numbers_are_accepted_and_skipped_as_described() -> None:
    for m in (1, 2, 3, 7, 50, 2**32 + 1, 2**63 + 1):
        limit = 2**64 // m * m
        assert verifier.below(iter([limit - 1]), m) == m - 1
        if limit < 2**64:
            assert verifier.below(iter([limit, 2**64 - 1, 5]), m) == 5 % m
        else:
            assert verifier.below(iter([2**64 - 1]), m) == m - 1
    row = iter([4, 8])
    assert verifier.below(row, 1) == 0
    assert next(row) == 8


def test_a_thousand_pools_give_what_the_site_drew() -> None:
    dice = random.Random(11)
    for number in range(1_000):
        size = dice.randint(1, 200)
        prizes = dice.randint(0, size + 3)
        drawn = of_size(
            size, draw_id=f"D-{number}", secret=dice.randbytes(32), prizes=prizes, reserves=dice.randint(0, 40)
        )
        verdict = judge(drawn.bundle())
        assert verdict.ok, verdict.reason
        assert [*verdict.winners, *verdict.reserves] == drawn.results


def test_any_change_of_any_byte_is_named() -> None:
    bundle = Drawn().bundle()
    reasons = set()
    for position in range(len(bundle)):
        for turn in (1, 0x20, 0x80, 0xFF):
            spoiled = bytearray(bundle)
            spoiled[position] ^= turn
            reasons.add(refusal(bytes(spoiled)).split(":")[0])
    assert reasons == {"bundle", "pool.txt", "draw.json"}


def test_a_bundle_cut_short_or_added_to_anywhere_is_named() -> None:
    bundle = Drawn().bundle()
    for position in range(len(bundle)):
        refusal(bundle[:position])
        refusal(bundle[:position] + bundle[position + 1 :])
        refusal(bundle[:position] + b"\0" + bundle[position:])
    for more in (b"\0", b"PK", b" " * 70_000, bundle):
        refusal(bundle + more)
        refusal(more + bundle)


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_the_same_files_packed_again_are_right_and_said_to_be_packed_again(compression: int) -> None:
    verdict = judge(packed_again(Drawn().bundle(), compression=compression))
    assert verdict.ok, verdict.reason
    assert verdict.repacked
    assert not judge(Drawn().bundle()).repacked
    assert "packed again" not in refusal(b"nothing at all")


def test_an_archive_packed_again_holds_the_two_files_and_nothing_else() -> None:
    again = packed_again(Drawn().bundle())
    assert "readme.txt" in refusal(packed_again(Drawn().bundle(), more={"readme.txt": b"hello"}))
    with pytest.warns(UserWarning, match="Duplicate"):
        assert "once each" in refusal(packed_again(Drawn().bundle(), more={"pool.txt": b""}))
    for spoiled in (again + b"\0", b"\0" + again, again[:-1], again[:40] + again[41:]):
        refusal(spoiled)
    for compression in (zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        assert "deflated" in refusal(packed_again(Drawn().bundle(), compression=compression))
    cut = bytearray(again)
    cut[60] ^= 0xFF
    refusal(bytes(cut))


def test_an_account_packed_again_may_be_spelled_otherwise() -> None:
    loose = json.dumps(json.loads(Drawn().account()), indent=2).encode()
    assert judge(packed_again(sealed(pool_of(10), loose))).ok
    assert "spelled" in refusal(sealed(pool_of(10), loose))


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        (b"3\t", b"4\t", "line 4 has index 4 where 3 belongs"),
        (b"3\t", b"03\t", "line 4 is not"),
        (b"3\t", b"3 ", "line 4 is not"),
        (b"\n3\t", b"\n\n3\t", "line 4 is not"),
        (b"\n3\t", b"\r\n3\t", "line 3 is not"),
        (b"3\t4e", b"3\t4E", "line 4 is not"),
        (b"3\t4e", b"3\t4", "line 4 is not"),
        (b"3\t4e", b"3\t5e", "pool_hash is not the hash of pool.txt"),
        (b"9\t", b"", "line 10 is not"),
    ],
)
def test_edits_of_the_pool_are_named(before: bytes, after: bytes, reason: str) -> None:
    pool = pool_of(10)
    assert pool.count(before) == 1
    for bundle in (Drawn().with_pool(pool.replace(before, after)),):
        assert reason in refusal(bundle)
        assert reason in refusal(packed_again(bundle))


def test_entries_added_removed_or_exchanged_are_named() -> None:
    lines = pool_of(10).splitlines(keepends=True)
    assert "pool_hash" in refusal(Drawn().with_pool(b"".join(lines[:-1])))
    assert "pool_hash" in refusal(Drawn().with_pool(pool_of(11)))
    assert "last line" in refusal(Drawn().with_pool(pool_of(10)[:-1]))
    assert "line 1 has index 1" in refusal(Drawn().with_pool(b"".join([lines[1], lines[0], *lines[2:]])))
    assert "without end" in refusal(Drawn().with_pool(b"0" * 3 * 2**20))


def test_one_leaf_cannot_stand_twice() -> None:
    twice = pool_of(3) + b"3\t" + hashlib.sha256(b"1").hexdigest().encode() + b"\n"
    assert "index 3 has the leaf of index 1" in refusal(Drawn(pool=twice, entries=4).bundle())
    alike = b"".join(b"%d\t%s%048x\n" % (index, b"ab" * 8, index) for index in range(4))
    assert judge(Drawn(pool=alike, entries=4).bundle()).ok


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"id": "DEMO-2"}, "result 0"),
        ({"id": "demo"}, "id is missing or is not"),
        ({"program": None}, "program is missing"),
        ({"announced_at": "yesterday"}, "announced_at"),
        ({"announced_at": "2026-02-30T12:00:00Z"}, "announced_at"),
        ({"announced_at": "2026-06-01T00:00:00Z"}, "announced_at is later than frozen_at"),
        ({"commitment": "0" * 64}, "commitment is not the hash of secret"),
        ({"secret": "1" * 64}, "commitment is not the hash of secret"),
        ({"secret": "1" * 63}, "secret is missing or is not"),
        ({"secret": "A" * 64}, "secret is missing or is not"),
        ({"secret": "1" * 64, "commitment": hashlib.sha256(b"\x11" * 32).hexdigest()}, "result 0"),
        ({"pool_hash": "0" * 64}, "pool_hash is not the hash"),
        ({"winners": [2, 7, 8]}, "result 0"),
        ({"winners": [7, 2, 6]}, "result 2"),
        ({"winners": [7, 2]}, "one per prize"),
        ({"winners": [7, 2, 8, 6]}, "one per prize"),
        ({"winners": [7, 2, True]}, "winners is missing or is not"),
        ({"winners": [7, 2, -8]}, "winners is missing or is not"),
        ({"reserves": [3, 6]}, "result 3"),
        ({"reserves": [6]}, "reserves are 1, and 2 were announced"),
        ({"reserves": [*RESULTS[3:], 0], "reserves_announced": None}, "more than the entries"),
        ({"reserves_announced": -1}, "reserves are 2, and -1"),
        ({"prizes": []}, "one per prize"),
        ({"prizes": [{"name": "x"}] * 3}, "prizes is missing or is not"),
        ({"figures": []}, "figures are none"),
        ({"figures": [{"name": "index", "value": "1"}] * 2}, "two have the same name"),
        ({"figures": [{"name": "index", "value": "1"}]}, "result 0"),
        ({"figures": [{"name": name, "value": value} for name, value in reversed(FIGURES)]}, "result 0"),
        ({"beacon": {"round": 1}}, "must come together"),
    ],
)
def test_changes_of_the_account_are_named(changes: dict[str, Any], reason: str) -> None:
    bundle = Drawn().bundle(**changes)
    assert reason in refusal(bundle)
    assert reason in refusal(packed_again(bundle))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("", "1"),
        ("a=b", "1"),
        ("a\nb", "1"),
        (" a", "1"),
        ("n" * 65, "1"),
        ("a", ""),
        ("a", "1 "),
        ("a", "一"),
        ("a", 1),
    ],
)
def test_figures_out_of_form_are_named(name: str, value: Any) -> None:
    assert "figures is missing or is not" in refusal(Drawn().bundle(figures=[{"name": name, "value": value}]))


@pytest.mark.parametrize(
    "account",
    [
        b"",
        b"[]",
        b"null",
        b'{"id":1,"id":1}',
        b"\xff",
        b'{"a":1.5}',
        b'{"a":1e3}',
        b'{"a":NaN}',
        b"[" * 100_000,
        b'{"a":%d}' % 10**20,
        b'"\\ud800"',
        b'{"a":"x" }',
    ],
)
def test_an_account_that_is_no_account_is_named(account: bytes) -> None:
    assert refusal(sealed(pool_of(10), account)).startswith("draw.json: ")


def test_unknown_fields_are_welcome() -> None:
    assert judge(Drawn(extra={"zeal": {"a": [1, None, True, "é"]}, "rule": "standing"}).bundle()).ok
    figures = [("上证指数 (close)", "~!"), ("x" * 64, "y" * 64)]
    assert judge(Drawn(figures=figures).bundle()).ok


def test_empty_pools_and_more_prizes_than_entries() -> None:
    assert judge(Drawn(pool=b"", entries=0, prizes=2, reserves=1).bundle(winners=[], reserves=[])).ok
    few = of_size(3, prizes=5, reserves=2)
    assert len(judge(few.bundle(winners=few.results, reserves=[])).winners) == 3


def beacon(
    *, value: str = RANDOMNESS, frozen_at: datetime = datetime(2023, 8, 23, 15, tzinfo=UTC), **changes: Any
) -> bytes:
    fields = {"round": ROUND, "signature": SIGNATURE, "chain": QUICKNET} | changes
    figures = [("lotto", "7 9 13"), (f"drand-quicknet-{ROUND}", value)]
    drawn = Drawn(figures=figures, frozen_at=frozen_at, extra={"beacon": fields})
    return drawn.bundle(announced_at="2023-08-01T00:00:00Z")


def test_the_figure_of_the_beacon_is_the_hash_of_its_signature() -> None:
    verdict = judge(beacon())
    assert verdict.ok, verdict.reason
    assert "of its round" in refusal(beacon(round=1_001))
    assert "hash of its signature" in refusal(beacon(value="0" * 64))
    assert "hash of its signature" in refusal(beacon(signature="c" + SIGNATURE[1:]))
    assert "quicknet chain" in refusal(beacon(chain="0" * 64))
    assert "quicknet chain" in refusal(beacon(signature=SIGNATURE.upper()))
    assert "known before" in refusal(beacon(frozen_at=datetime(2023, 8, 24, tzinfo=UTC)))
    assert "must come together" in refusal(Drawn(figures=[(f"drand-quicknet-{ROUND}", RANDOMNESS)]).bundle())


def test_the_command_says_what_it_found(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.zip", tmp_path / "bad.zip"
    good.write_bytes(Drawn().bundle())
    bad.write_bytes(Drawn().bundle(winners=[2, 7, 8]))
    told = run(str(good))
    assert (told.returncode, told.stderr) == (0, "")
    assert "VERIFIED  draw DEMO-1" in told.stdout
    assert f"prize 1: index 7 leaf {hashlib.sha256(b'7').hexdigest()}" in told.stdout
    assert "reserve 2: index 3 " in told.stdout
    assert SEED in told.stdout
    told = run(str(bad))
    assert (told.returncode, told.stderr) == (1, "")
    assert "REFUSED  draw.json: result 0" in told.stdout
    told = run(str(tmp_path / "missing.zip"))
    assert (told.returncode, told.stdout) == (1, "REFUSED  bundle: cannot be read (No such file or directory)\n")
    assert run().returncode == run("--help").returncode == run("a", "b").returncode == 2


def test_it_stands_alone(tmp_path: Path) -> None:
    bundle, script = tmp_path / "bundle.zip", tmp_path / "copied.py"
    bundle.write_bytes(Drawn().bundle())
    shutil.copy(verifier.__file__, script)
    told = run(str(bundle), script=script)
    assert (told.returncode, told.stderr) == (0, "")
    loads = "import sys, lottery.verify; print([name for name in sys.modules if name.partition('.')[0] in sys.argv])"
    ours = ("django", "cashback", "cards", "queueing", "payouts", "celery")
    told = subprocess.run([sys.executable, "-c", loads, *ours], capture_output=True, text=True, check=True)
    assert told.stdout == "[]\n"


def test_a_file_that_cannot_be_read_is_no_crash(tmp_path: Path) -> None:
    assert not verify(tmp_path).ok
    empty = tmp_path / "empty.zip"
    empty.touch()
    assert verify(str(empty)).reason.startswith("bundle: ")
    assert changed(b"{}") == b"{}"
