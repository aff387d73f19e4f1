"""The whole program with parts of it away, and killed at random under load."""

import time
from collections import Counter
from random import Random
from urllib.parse import urlsplit

import pytest

from tests.chaos.house import RECOVERY_SECONDS_MAX, VICTIMS, ChaosHouse, go_on, paid_more_than_once, stop, wait_until
from tests.chaos.visitors import Crowd, ask, port_is_closed
from tests.embedded.sites import kill_nine, wait_gone
from tests.embedded_bank.customer import card_ending
from tests.queueing.holders import other_pin

SEED = 20_260_301
KILLS = 30
PAUSE_SECONDS = (0.7, 1.9)
WRONG_PINS = 20
ANSWER_SECONDS_MAX = 3.0


@pytest.mark.parametrize("how", ["hangs", "gone"])
def test_without_redis_holders_are_served_and_throttled_and_the_rest_follows(house: ChaosHouse, how: str) -> None:
    (redis,) = house.pids("redis")
    supervisor = house.running.popen.pid
    if how == "hangs":
        stop(redis)
    else:
        stop(supervisor)  # it would start it again
        kill_nine([redis])
        wait_gone([redis])
        port = urlsplit(_settings(house)["REDIS_URL"]).port or 0
        wait_until(lambda: port_is_closed(port), "a closed port", seconds=10)
    try:
        receipts = _registrations_succeed(house)
        _wrong_pins_are_throttled(house)
        _status_is_shown(house, receipts[0])
    finally:
        go_on(redis) if how == "hangs" else go_on(supervisor)
    wait_until(lambda: all(house.place(receipt) for receipt in receipts), "places for who registered meanwhile")
    assert house.ask("/readyz").body["redis"] == "reachable"


def test_thirty_random_kills_lose_nothing_and_pay_nothing_twice(house: ChaosHouse) -> None:
    crowd = Crowd(house.port, house.take_cards(800), first_client=house.take_clients(800), threads=4)
    try:
        killed = _kill_at_random(house, Random(SEED))
        ended = time.monotonic()
    finally:
        crowd.stop()
    print(f"killed {dict(killed)}; {len(crowd.acknowledged)} acknowledged, {crowd.repeated} requests repeated")
    assert crowd.refused == []
    assert crowd.given_up == []
    assert len(crowd.acknowledged) > KILLS
    (last,), client = house.take_cards(1), house.take_clients(1)

    receipts: list[str] = []

    def missing() -> str:
        """Who registers now gets a place, and the books balance: what of it is not so, if anything."""
        if not receipts:
            receipts.extend(house.registered(last, client))
        if not receipts or house.place(receipts[0]) is None:
            return "registering and the pass"
        checked = house.check_books()
        return checked.stdout + checked.stderr if checked.returncode else ""

    seconds = RECOVERY_SECONDS_MAX - (time.monotonic() - ended)
    wait_until(lambda: not missing(), missing, seconds=seconds)
    print(f"recovered {time.monotonic() - ended:.0f} s after the last kill")
    for serial, receipt in crowd.acknowledged.items():
        status = house.ask(f"/api/v1/status/{receipt['receipt']}")
        assert status.status == 200, f"the registration of {serial} is lost"
        assert status.body["place"], f"{serial} has no place"
        assert (status.body["nonce"], status.body["leaf"]) == (receipt["nonce"], receipt["leaf"])
    wait_until(house.bookings, "the bank is told to pay, and pays")
    assert paid_more_than_once(house.bookings()) == []
    checked = house.check_books()
    assert checked.returncode == 0, checked.stdout


def _kill_at_random(house: ChaosHouse, rng: Random) -> "Counter[str]":
    killed: Counter[str] = Counter()
    deadline = time.monotonic() + 150
    while killed.total() < KILLS:
        assert time.monotonic() < deadline, f"only {killed} could be killed"
        living = {victim: pids for victim in VICTIMS if (pids := house.pids(victim))}
        if not living:  # what ends often waits longer each time before it is started again
            time.sleep(0.3)
            continue
        (victim,) = rng.choices(list(living), [VICTIMS[victim] for victim in living])
        kill_nine([rng.choice(living[victim])])
        killed[victim] += 1
        time.sleep(rng.uniform(*PAUSE_SECONDS))
    return killed


def _registrations_succeed(house: ChaosHouse) -> list[str]:
    answers = [house.register(card) for card in house.take_cards(10)]
    assert [answer.status for answer in answers] == [201] * 10
    assert max(answer.seconds for answer in answers) < ANSWER_SECONDS_MAX
    return [answer.body["receipt"] for answer in answers]


def _wrong_pins_are_throttled(house: ChaosHouse) -> None:
    client = house.take_clients(1)
    answers = [
        ask(
            house.port,
            "POST",
            "/api/v1/registrations",
            client=client,
            body={
                "serial": card["serial"],
                "pin": other_pin(card["pin"]),
                "holder": {"name": "张三"},
                "account": {"kind": "cn_card", "number": card_ending("9000")},
            },
        )
        for card in house.cards[: WRONG_PINS + 1]
    ]
    assert [answer.body["code"] for answer in answers[:-1]] == ["card_not_accepted"] * WRONG_PINS
    assert answers[-1].status == 429
    assert answers[-1].body["code"] == "too_many_attempts"
    assert int(answers[-1].headers["Retry-After"]) >= 1


def _status_is_shown(house: ChaosHouse, receipt: str) -> None:
    for path in (f"/api/v1/status/{receipt}", f"/s/{receipt}/"):
        answer = house.ask(path)
        assert answer.status == 200
        assert answer.seconds < ANSWER_SECONDS_MAX


def _settings(house: ChaosHouse) -> dict[str, str]:
    lines = (house.running.site.var / "env").read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line)
