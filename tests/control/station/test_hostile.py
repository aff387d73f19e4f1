"""Applications that mean harm: stopped, reported, and the station lives."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cashback.control.protocol.envelopes import Signer
from cashback.control.station.configuration import key_file
from cashback.control.station.confinement import attacks, kernel
from cashback.control.station.confinement.probing import attack_bundle, rate
from tests.control.station.conftest import Starts
from tests.control.station.house import ECHO, Centre, StationProcess, Street, bundle, eventually

ENDLESS = {"sleep_for_ever": "timed_out", "print_a_gigabyte": "too_much_output"}


@pytest.fixture(scope="module")
def north(start_station: Starts, centre: Centre) -> StationProcess:
    centre.publish("attacks", "1", attack_bundle())
    centre.publish("echo", "1", ECHO)
    return start_station("north")


def _run(centre: Centre, application: str, given: Any, *, version: str = "1", seconds_max: int | None = None) -> Any:
    arguments = {"application": application, "version": version, "input": given, "seconds_max": seconds_max}
    return centre.final(centre.instruct("north", "run", arguments))


def _runs_still(centre: Centre, north: StationProcess) -> bool:
    return not north.ended() and _run(centre, "echo", 1).result["output"] == {"echo": 1}


@pytest.mark.parametrize("attack", sorted(set(attacks.ATTACKS) - set(ENDLESS)))
def test_an_attack_gets_nowhere(attack: str, centre: Centre, north: StationProcess) -> None:
    assert north.process is not None
    given = {
        "attack": attack,
        "paths": [str(key_file(north.dir)), str(north.config), str(north.dir)],
        "folders": ["/", "/tmp", "/dev/shm", str(north.dir), str(north.street.folder)],
        "pids": [north.process.pid, os.getpid()],
        "tcp": ["127.0.0.1", centre.broker.port],
        "path": str(north.dir / "socket"),
        "abstract": "\0cashback",
        "processes": 4,
        "memory_bytes": 512 * 1024 * 1024,
    }
    report = _run(centre, "attacks", given)
    assert (report.error, report.result.get("output")) == (None, {"got": []})
    assert _runs_still(centre, north)


@pytest.mark.parametrize("attack", sorted(ENDLESS))
def test_an_application_without_end_is_ended(attack: str, centre: Centre, north: StationProcess) -> None:
    report = _run(centre, "attacks", {"attack": attack}, seconds_max=1)
    assert report.error is not None
    assert report.error.code == ENDLESS[attack]
    assert _runs_still(centre, north)


def test_nothing_of_a_run_is_left(centre: Centre, north: StationProcess) -> None:
    mark = "cashback-left-over"
    source = (
        f"import ctypes, os, time\nctypes.CDLL(None).prctl(15, b'{mark[:15]}')\nos.fork() or time.sleep(60)\nprint(1)\n"
    )
    centre.publish("leaves", "1", bundle(source))
    _run(centre, "leaves", None)

    def left() -> list[str]:
        found = []
        for path in Path("/proc").glob("[0-9]*/comm"):
            try:
                found += [str(path)] * (path.read_text().strip() == mark[:15])
            except OSError:
                continue
        return found

    eventually(lambda: not left())


@pytest.mark.parametrize("what", ["tampered", "truncated", "unsigned", "withdrawn"])
def test_a_wrong_copy_from_the_centre_is_refused(what: str, centre: Centre, north: StationProcess) -> None:
    kinds: dict[str, dict[str, Any]] = {
        "tampered": {"served": ECHO[:-1] + b"x"},
        "truncated": {"served": ECHO[:100]},
        "unsigned": {"signer": Signer.generate()},
        "withdrawn": {"withdrawn": True},
    }
    centre.publish(what, "1", ECHO, **kinds[what])
    report = _run(centre, what, 1)
    assert report.state == "failed"
    assert report.error.code == "copy_refused"
    assert not (north.dir / "copies" / what / "1").exists()


def test_a_centre_that_answers_wrongly_once_is_asked_again(centre: Centre, north: StationProcess) -> None:
    centre.publish("shaky", "1", ECHO, served=ECHO[:50])
    centre.publish("shaky", "1", ECHO, first=False)
    assert _run(centre, "shaky", 2).result["output"] == {"echo": 2}


@pytest.mark.parametrize("file", ["bundle.zip", "word.json"])
@pytest.mark.parametrize("harm", ["changed", "truncated", "missing"])
def test_a_copy_that_was_harmed_here_is_fetched_anew(
    file: str, harm: str, centre: Centre, north: StationProcess
) -> None:
    assert _run(centre, "echo", 1).result["copy"] in {"local", "fetched"}
    path = north.dir / "copies" / "echo" / "1" / file
    data = path.read_bytes()
    if harm == "missing":
        path.unlink()
    else:
        path.write_bytes(data[:-20] if harm == "truncated" else data[:60] + b"!" + data[61:])
    report = _run(centre, "echo", 3)
    assert (report.result["copy"], report.result["output"]) == ("fetched", {"echo": 3})
    assert path.read_bytes() == data


def test_an_unpublished_application_is_not_run(centre: Centre, north: StationProcess) -> None:
    report = _run(centre, "nobody", 1)
    assert (report.state, report.error.code) == ("failed", "copy_unavailable")


def test_the_rating_follows_from_what_the_attacks_got() -> None:
    assert rate(missing=(), succeeded={}).level == "full"
    assert rate(missing=("Landlock",), succeeded={}).level == "reduced"
    assert rate(missing=(), succeeded={"reach_network": "x"}).level == "reduced"
    assert rate(missing=(), succeeded={"read_secrets": "x"}).level == "none"


_PROBE = """
import json, sys
from pathlib import Path
from cashback.control.station.confinement.probing import probe
from cashback.control.station.confinement.runner import Runner
folder = Path(sys.argv[1])
(folder / "station.key").write_text("secret")
runner = Runner(folder)
found = probe(runner, folder=folder, secrets=[folder / "station.key"])
runner.close()
print(json.dumps([found.level, found.missing, found.succeeded]))
"""
_NO_NAMESPACES = 'echo 0 > /proc/sys/user/max_user_namespaces && exec setpriv --bounding-set=-all --inh-caps=-all "$@"'


def test_without_namespaces_landlock_the_filter_and_the_limits_hold(street: Street) -> None:
    if kernel.landlock_abi() == 0:
        pytest.skip("no Landlock here")
    folder = street.own_folder("reduced")
    command, environment = street.command("-c", _PROBE, str(folder))
    place = next((place for place, word in enumerate(command) if word.endswith("python3") or word == sys.executable))
    inner = ["unshare", "--user", "--map-current-user", "--keep-caps", "sh", "-c", _NO_NAMESPACES, "sh"]
    command[place:place] = inner
    found = subprocess.run(command, env={**environment, "PATH": os.environ["PATH"]}, capture_output=True, check=False)
    if not found.stdout:
        pytest.skip(f"namespaces cannot be taken away here: {found.stderr[-200:]!r}")
    level, missing, succeeded = json.loads(found.stdout)
    assert (level, succeeded) == ("reduced", {})
    assert "process namespace" in missing


def test_the_attacks_would_get_somewhere_unconfined(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A probe that finds nothing anywhere would prove nothing."""
    (tmp_path / "key").write_text("secret")
    given = {"paths": [str(tmp_path / "key")], "folders": [str(tmp_path)], "pids": [os.getpid()]}
    assert attacks.read_secrets(given)
    assert attacks.read_memory(given)
    assert str(tmp_path / "attacked") in json.dumps(attacks.write_outside(given))
