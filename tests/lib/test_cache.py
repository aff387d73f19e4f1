import logging
import socket
import time
import uuid
from collections.abc import Iterator

import pytest

from cashback.env import env
from cashback.lib.cache import ForgivingRedisCache


@pytest.fixture(autouse=True)
def forget_the_past(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ForgivingRedisCache, "_asked_again_at", 0.0)
    monkeypatch.setattr(ForgivingRedisCache, "_logged_again_at", 0.0)


@pytest.fixture
def cache() -> Iterator[ForgivingRedisCache]:
    cache = ForgivingRedisCache(env.text("REDIS_URL"), {"KEY_PREFIX": uuid.uuid4().hex, "TIMEOUT": 60})
    yield cache
    cache._cache.get_client().connection_pool.disconnect()


@pytest.fixture
def hanging() -> Iterator[str]:
    """A port that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"redis://127.0.0.1:{listener.getsockname()[1]}/0"


@pytest.fixture
def refusing() -> Iterator[str]:
    """A port where nobody listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"redis://127.0.0.1:{held.getsockname()[1]}/0"


def test_with_redis_it_is_a_cache(cache: ForgivingRedisCache) -> None:
    cache.set("one", {"places": 50})
    assert cache.get("one") == {"places": 50}
    assert cache.add("two", 2)
    assert not cache.add("two", 3)
    assert cache.incr("two") == 3
    assert cache.get_many(["one", "two", "three"]) == {"one": {"places": 50}, "two": 3}
    assert cache.set_many({"four": 4}) == []
    assert cache.has_key("four")
    assert cache.touch("four", 10)
    assert cache.delete("four")
    cache.delete_many(["one", "two"])
    assert cache.get("one", "gone") == "gone"


def ask_everything(cache: ForgivingRedisCache) -> None:
    cache.set("one", 1)
    cache.delete_many(["one"])
    assert cache.get("one") is None
    assert cache.get("one", "default") == "default"
    assert cache.get_many(["one"]) == {}
    assert cache.set_many({"one": 1}) == ["one"]
    assert cache.get_or_set("one", lambda: 7) == 7
    for answer in (cache.add("one", 1), cache.touch("one"), cache.delete("one"), cache.has_key("one")):
        assert answer is False
    cache.clear()
    with pytest.raises(ValueError, match="away"):
        cache.incr("one")


@pytest.mark.parametrize("away", ["hanging", "refusing"])
def test_without_redis_everything_is_a_miss_and_nobody_waits(
    request: pytest.FixtureRequest, away: str, caplog: pytest.LogCaptureFixture
) -> None:
    cache = ForgivingRedisCache(request.getfixturevalue(away), {})
    started = time.monotonic()
    with caplog.at_level(logging.WARNING):
        ask_everything(cache)
    assert time.monotonic() - started < 1
    assert len(caplog.records) == 1
    cache._cache.get_client().connection_pool.disconnect()


def test_a_failing_redis_is_logged_once_a_minute(
    refusing: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = ForgivingRedisCache(refusing, {})
    clock = [1_000.0]
    monkeypatch.setattr("cashback.lib.cache.time.monotonic", lambda: clock[0])
    with caplog.at_level(logging.WARNING):
        for _ in range(120):
            cache.get("one")
            clock[0] += 1
    assert len(caplog.records) == 2


def test_it_recovers_by_itself(cache: ForgivingRedisCache, refusing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    away = ForgivingRedisCache(refusing, {})
    assert away.get("one") is None
    cache.set("one", 1)
    assert cache.get("one") is None
    monkeypatch.setattr("cashback.lib.cache.PAUSE_SECONDS", 0)
    ForgivingRedisCache._asked_again_at = 0.0
    cache.set("one", 1)
    assert cache.get("one") == 1
