"""The third implementation, in the browser that a reader would use, under the site's own content security policy."""

import base64
import hashlib
import io
import json
import random
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from playwright.sync_api import Browser, Page, Route

from cashback.lib import drawing
from cashback.lib.crypto import digests
from lottery import verify as verifier
from tests.journeys.conftest import CHROMIUM, REQUIRED, browser
from tests.lottery.bundles import RESULTS, SEED, Drawn, changed, of_size, packed_again, pool_of, sealed
from tests.lottery.test_verify import QUICKNET, ROUND, SIGNATURE, beacon

pytestmark = pytest.mark.skipif(not CHROMIUM and not REQUIRED, reason="browser verifier: Chromium is not installed")

__all__ = ["browser"]  # a fixture

STATIC = Path(__file__).parents[2] / "cashback/web/static/cashback"
POLICY = "; ".join(
    f"{name} {' '.join(sources)}" for name, sources in settings.CONTENT_SECURITY_POLICY["DIRECTIVES"].items()
)
ALPHABET = [chr(code) for code in range(ord("!"), ord("~") + 1)] + [" ", "一", "é", "🎲"]
Judge = Callable[[bytes], dict[str, Any]]


def serve(route: Route) -> None:
    name = route.request.url.rpartition("/")[2]
    if name.endswith(".js"):
        body, kind = (STATIC / name).read_text(encoding="utf-8"), "text/javascript"
    else:
        body, kind = "<!doctype html><title>draw</title>", "text/html"
    route.fulfill(body=body, headers={"Content-Type": kind, "Content-Security-Policy": POLICY})


def open_page(browser: Browser, address: str) -> Page:
    page = browser.new_page()
    page.on("pageerror", lambda problem: pytest.fail(str(problem)))
    page.route("**/*", serve)
    page.goto(address)
    return page


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    page = open_page(browser, "http://127.0.0.1/draws/DEMO-1/")
    yield page
    page.close()


VERIFY = """async (bundles) => {
  const { verifyBundle } = await import("/draw-verify.js");
  const verdicts = [];
  for (const bundle of bundles) {
    const bytes = Uint8Array.from(atob(bundle), (sign) => sign.charCodeAt(0));
    const { leaves, account, ...verdict } = await verifyBundle(bytes.buffer);
    verdicts.push({ ...verdict, leaves: Object.fromEntries(leaves ?? []) });
  }
  return verdicts;
}"""


def judge_all(page: Page, bundles: Sequence[bytes]) -> list[dict[str, Any]]:
    verdicts: list[dict[str, Any]] = page.evaluate(VERIFY, [base64.b64encode(bundle).decode() for bundle in bundles])
    return verdicts


@pytest.fixture
def judge(page: Page) -> Judge:
    return lambda bundle: judge_all(page, [bundle])[0]


def test_the_published_vector(judge: Judge) -> None:
    verdict = judge(Drawn(prizes=4, reserves=6).bundle())
    assert verdict["ok"], verdict["reason"]
    assert (*verdict["winners"], *verdict["reserves"]) == RESULTS
    assert (verdict["entries"], verdict["seed"], verdict["repacked"]) == (10, SEED, False)
    assert verdict["leaves"]["7"] == hashlib.sha256(b"7").hexdigest()


def figure(dice: random.Random, number: int) -> tuple[str, str]:
    name = "".join(dice.choices([sign for sign in ALPHABET if sign != "="], k=dice.randint(0, 50)))
    value = "".join(dice.choices(ALPHABET[:-4], k=dice.randint(1, 60))) + dice.choice(["", " =x", " 7"])
    return f"{number}{name}.", value


def test_a_thousand_pools_give_the_same_winners_in_all_three(page: Page) -> None:
    dice = random.Random(1_000)
    draws = []
    for number in range(1_000):
        size = dice.randint(1, 200)
        figures = [figure(dice, rank) for rank in range(dice.randint(1, 4))]
        drawn = of_size(size, draw_id=f"D-{number}", secret=dice.randbytes(32), figures=figures)
        draws.append(replace(drawn, prizes=dice.randint(0, size + 5), reserves=dice.randint(0, size + 5)))
    for start in range(0, 1_000, 250):
        batch = draws[start : start + 250]
        bundles = [drawn.bundle() for drawn in batch]
        for drawn, bundle, found in zip(batch, bundles, judge_all(page, bundles), strict=True):
            alone = verifier.verify(io.BytesIO(bundle))
            assert alone.ok, alone.reason
            assert found["ok"], found["reason"]
            assert found["winners"] + found["reserves"] == [*alone.winners, *alone.reserves] == drawn.results
            assert len(found["winners"]) == min(drawn.prizes, drawn.entries)
            assert found["seed"] == alone.seed
            assert {int(index): leaf for index, leaf in found["leaves"].items()} == alone.leaves


BELOW = """async (asked) => {
  const { below } = await import("/draw-verify.js");
  const answers = [];
  for (const [numbers, m] of asked) {
    const row = numbers.map(BigInt)[Symbol.iterator]();
    answers.push([await below(row, BigInt(m)), [...row].length]);
  }
  return answers;
}"""


def test_all_three_accept_and_skip_the_same_numbers(page: Page) -> None:
    asked = []
    for m in (1, 2, 3, 5, 7, 50, 255, 10_000_000, 2**32 + 1, 2**52 + 1):
        limit = 2**64 // m * m
        asked += [([first % 2**64, 12_345, 7], m) for first in (0, limit - 1, limit, 2**64 - 1)]

    def both(below: Callable[[Iterator[int], int], int]) -> list[list[int]]:
        rows = [(iter(numbers), m) for numbers, m in asked]
        return [[below(row, m), len(list(row))] for row, m in rows]

    found = page.evaluate(BELOW, [[[str(number) for number in numbers], str(m)] for numbers, m in asked])
    assert found == both(verifier.below) == both(drawing.below)
    assert {left for _answer, left in found} == {1, 2}


def test_changes_of_any_byte_are_named(page: Page) -> None:
    bundle = Drawn().bundle()
    spoiled = [bundle[:at] + bytes([bundle[at] ^ 0x21]) + bundle[at + 1 :] for at in range(len(bundle))]
    spoiled += [bundle[:at] for at in range(0, len(bundle), 7)]
    spoiled += [bundle[:at] + b"\0" + bundle[at:] for at in range(0, len(bundle) + 1, 7)]
    spoiled += [bundle[:at] + bundle[at + 1 :] for at in range(0, len(bundle), 7)]
    verdicts = judge_all(page, spoiled)
    assert [verdict for verdict in verdicts if verdict["ok"] or not verdict["reason"]] == []
    assert {verdict["part"] for verdict in verdicts} == {"bundle", "pool.txt", "draw.json"}


def test_the_same_files_packed_again_are_right_and_said_to_be_packed_again(judge: Judge) -> None:
    for compression in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        verdict = judge(packed_again(Drawn().bundle(), compression=compression))
        assert (verdict["ok"], verdict["repacked"]) == (True, True)
    again = packed_again(Drawn().bundle())
    spoiled = bytearray(again)
    spoiled[60] ^= 0xFF
    for bundle in (packed_again(Drawn().bundle(), more={"a.txt": b""}), bytes(spoiled), again + b"\0", b"\0" + again):
        assert not judge(bundle)["ok"]


def refusals() -> list[tuple[bytes, str]]:
    """Bundles that are wrong in one thing, in the form that another tool would pack them."""
    drawn, lines = Drawn(), pool_of(10).splitlines(keepends=True)
    loose = json.dumps(json.loads(drawn.account()), indent=2).encode()
    twice = pool_of(3) + b"3\t" + hashlib.sha256(b"1").hexdigest().encode() + b"\n"
    return [
        (drawn.with_pool(pool_of(11)), "pool_hash"),
        (drawn.with_pool(b"".join([lines[1], *lines[1:]])), "line 1 has index 1 where 0 belongs"),
        (drawn.with_pool(pool_of(10).replace(b"\n3\t", b"\n03\t")), "line 4 is not"),
        (drawn.with_pool(pool_of(10)[:-1]), "line 10 is not"),
        (drawn.with_pool(pool_of(10).replace(b"3\t4e", b"3\t4E")), "line 4 is not"),
        (Drawn(pool=twice, entries=4).bundle(), "index 3 has the leaf of index 1"),
        (drawn.bundle(winners=[2, 7, 8]), "result 0"),
        (drawn.bundle(reserves=[6]), "reserves are 1, and 2 were announced"),
        (drawn.bundle(reserves_announced=-1), "and -1 were announced"),
        (drawn.bundle(prizes=[]), "one per prize"),
        (drawn.bundle(prizes=[{"name": "x"}] * 3), "prizes is missing or is not"),
        (drawn.bundle(commitment="0" * 64), "commitment is not the hash of secret"),
        (drawn.bundle(secret="A" * 64), "secret is missing or is not"),
        (drawn.bundle(program=None), "program is missing"),
        (drawn.bundle(id="DEMO-2"), "result 0"),
        (drawn.bundle(figures=[]), "figures are none"),
        (drawn.bundle(figures=[{"name": "a", "value": " "}]), "figures is missing or is not"),
        (drawn.bundle(figures=[{"name": "a", "value": "1", "more": 1}]), "figures is missing or is not"),
        (drawn.bundle(figures=[{"name": "index", "value": "1"}]), "result 0"),
        (drawn.bundle(announced_at="2026-02-30T12:00:00Z"), "announced_at is missing or is not"),
        (drawn.bundle(announced_at="2026-05-06T12:00:00.000001Z"), "announced_at is later"),
        (drawn.bundle(beacon={"round": 1}), "must come together"),
        (beacon(round=1_001), "of its round"),
        (beacon(value="0" * 64), "hash of its signature"),
        (beacon(chain="0" * 64), "quicknet chain"),
        (beacon(signature=SIGNATURE.upper()), "quicknet chain"),
        (beacon(frozen_at=Drawn().frozen_at), "known before"),
        (sealed(pool_of(10), loose), "spelled"),
        (sealed(pool_of(10), b'{"a":1,"a":2}'), "a field stands twice"),
        (sealed(pool_of(10), b'{"a":1.5}'), "a number is not a whole one"),
        (sealed(pool_of(10), b'{"a":12345678901234567}'), "a number is not a whole one"),
        (sealed(pool_of(10), b'"\\ud800"'), "draw.json: it is not JSON"),
        (sealed(pool_of(10), b"\xff"), "draw.json: it is not JSON"),
        (sealed(pool_of(10), b"[" * 100_000), "draw.json: it is not JSON"),
        (sealed(pool_of(10), b"[]"), "draw.json: it is not an object"),
        (sealed(pool_of(10), changed(drawn.account(), zebra="🎲")[:-1] + b" }"), "spelled"),
        (b"", "not a whole zip archive"),
        (b"PK" * 20_000, "not a whole zip archive"),
    ]


def test_both_verifiers_refuse_for_the_same_reasons(page: Page) -> None:
    wrong = refusals()
    for (bundle, reason), found in zip(wrong, judge_all(page, [bundle for bundle, _ in wrong]), strict=True):
        assert not found["ok"]
        assert reason in found["reason"]
        alone = verifier.verify(io.BytesIO(bundle))
        assert alone.reason.partition(":")[0] == found["part"]
        if "line 10" not in reason and "zip" not in reason:
            assert reason in alone.reason


def test_both_verifiers_accept_the_same(page: Page) -> None:
    loose = json.dumps(json.loads(Drawn().account()), indent=2).encode()
    alike = b"".join(b"%d\t%s%048x\n" % (index, b"ab" * 8, index) for index in range(1_200))
    few = of_size(3, prizes=5, reserves=2)
    right = [
        beacon(),
        beacon(round=ROUND, chain=QUICKNET),
        packed_again(sealed(pool_of(10), loose)),
        Drawn(extra={"zeal": {"a": [1, None, True, "é"]}, "more": '\u2028\x7f\x01"'}).bundle(),
        Drawn(pool=alike, entries=1_200, prizes=1_200).bundle(),
        Drawn(pool=b"", entries=0).bundle(),
        few.bundle(),
    ]
    for bundle, found in zip(right, judge_all(page, right), strict=True):
        assert found["ok"], found["reason"]
        assert verifier.verify(io.BytesIO(bundle)).ok


def test_a_hundred_thousand_entries_and_a_thousand_winners(page: Page) -> None:
    bundle = of_size(100_000, prizes=1_000, reserves=100).bundle()
    timed = f"""async (bundles) => {{
      const started = performance.now();
      const [verdict] = await ({VERIFY})(bundles);
      return [verdict, performance.now() - started];
    }}"""
    verdict, milliseconds = page.evaluate(timed, [base64.b64encode(bundle).decode()])
    assert verdict["ok"], verdict["reason"]
    assert (len(verdict["winners"]), len(verdict["reserves"])) == (1_000, 100)
    assert milliseconds < 10_000


def test_the_leaf_of_a_receipt(page: Page) -> None:
    nonce = bytes(range(32))
    leaf_of = """async ([serial, nonce]) => {
      const { leafOf } = await import("/draw-verify.js");
      return leafOf(serial, nonce).catch((problem) => problem.part);
    }"""
    expected = digests.leaf("00000000000195", nonce)
    assert page.evaluate(leaf_of, ["00000000000195", nonce.hex()]) == expected
    assert page.evaluate(leaf_of, ["0000-0000-0001 95", f" {nonce.hex().upper()}\n"]) == expected
    assert page.evaluate(leaf_of, ["0000000000019", nonce.hex()]) == "serial"
    assert page.evaluate(leaf_of, ["00000000000195", "00"]) == "nonce"


def test_without_https_it_says_what_is_missing(browser: Browser) -> None:
    page = open_page(browser, "http://draws.example/draws/DEMO-1/")
    (verdict,) = judge_all(page, [Drawn().bundle()])
    assert not verdict["ok"]
    assert (verdict["part"], "https" in verdict["reason"]) == ("browser", True)
    page.close()


def test_progress_is_told(page: Page) -> None:
    steps = page.evaluate(
        """async (bundle) => {
          const { verifyBundle } = await import("/draw-verify.js");
          const stages = [];
          const bytes = Uint8Array.from(atob(bundle), (sign) => sign.charCodeAt(0));
          await verifyBundle(bytes.buffer, (step) => stages.push(step));
          return stages;
        }""",
        base64.b64encode(of_size(60_000).bundle()).decode(),
    )
    assert {step["stage"] for step in steps} == {"checksum", "pool", "drawing"}
    assert all(0 <= step["done"] <= step["total"] for step in steps)
