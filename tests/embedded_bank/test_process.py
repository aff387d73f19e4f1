"""The bank as a process: killed at random, stopped politely, told nonsense."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from cashback.embedded.bank.options import Options, read_options
from tests.embedded_bank.customer import Customer, card_ending

ROOT = Path(__file__).parents[2]


def command(options: Options, *more: str) -> list[str]:
    return [
        *(sys.executable, "-m", "cashback.embedded.bank", "--dir", str(options.dir)),
        *("--outbox", str(options.outbox), "--inbox", str(options.inbox), "--customer-key", str(options.customer_key)),
        *("--refuse", "0.2", "--return", "0.2", "--delay", "0.2", "--duplicate", "0.1", "--disorder", "0.3"),
        *("--book-seconds", "0.05", "--delay-seconds", "0.2", "--return-seconds", "0.1", "--interval", "0.02"),
        *more,
    ]


def start(options: Options, *more: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command(options, *more), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def test_killed_again_and_again_it_pays_everybody_once(options: Options, customer: Customer) -> None:
    chance = random.Random(7)
    references: set[str | None] = set()
    for number in range(8):
        references |= set(customer.order(f"REL-{number}", *(card_ending("1234", card) for card in range(20))))
        process = start(options)
        time.sleep(0.2 + chance.random() * 0.4)
        process.kill()
        process.communicate()
    process = start(options)
    deadline = time.monotonic() + 30
    quiet = 0
    while time.monotonic() < deadline and quiet < 10:
        before = len(customer.answers)
        time.sleep(0.2)
        finished = {line.end_to_end_id for line in customer.collect() if line.booked or line.verdict == "refused"}
        quiet = quiet + 1 if before == len(customer.answers) and finished == references else 0
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=10)
    assert process.returncode == 0, output
    assert output.endswith("the bank is closed\n")
    heard = set(customer.collect())
    assert {line.end_to_end_id for line in heard} - {None} == references
    booked = Counter((line.end_to_end_id, line.direction) for line in heard if line.booked)
    assert set(booked.values()) == {1}
    refused = {line.end_to_end_id for line in heard if line.verdict == "refused"}
    assert refused
    assert refused | {reference for reference, _ in booked} == references
    assert not refused & {reference for reference, _ in booked}


def test_a_second_process_on_the_same_folder_gives_way(options: Options, customer: Customer) -> None:
    first = start(options)
    assert first.stdout is not None
    assert first.stdout.readline().startswith("the bank is open")
    second = subprocess.run(command(options), cwd=ROOT, capture_output=True, text=True, check=False, timeout=20)
    assert second.returncode == 1
    assert "another process" in second.stderr
    first.send_signal(signal.SIGINT)
    first.communicate(timeout=10)
    assert first.returncode == 0


def test_it_runs_without_django_and_imports_nothing_of_ours() -> None:
    code = (
        "import sys, cashback.embedded.bank.__main__;"
        "print([m for m in sys.modules if m.split('.')[0] in"
        " {'django', 'payouts', 'queueing', 'cards', 'lottery'} or m.startswith('cashback.lib')])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_prepare_makes_the_keys_once_and_prints_the_recipient(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "cashback.embedded.bank", "--dir", str(tmp_path / "b"), "--prepare"]
    printed = {
        subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip() for _ in range(2)
    }
    assert printed == {(tmp_path / "b" / "keys" / "recipient.txt").read_text().strip()}
    assert os.stat(tmp_path / "b" / "keys" / "identity.txt").st_mode & 0o777 == 0o600


def test_the_folders_have_defaults_beside_the_banks_own(tmp_path: Path) -> None:
    options = read_options(["--dir", str(tmp_path / "bank-simulator"), "--config", str(tmp_path / "missing.json")])
    assert options.outbox == tmp_path / "bank" / "outbox"
    assert options.inbox == tmp_path / "bank" / "inbox"
    assert options.customer_key == tmp_path / "bank-simulator" / "keys" / "customer-recipient.txt"


def test_the_command_line_wins_over_the_config_file(tmp_path: Path) -> None:
    config = tmp_path / "bank.json"
    config.write_text(json.dumps({"refuse": 0.5, "return": 0.1, "delay-seconds": 3, "interval": 0.1, "seed": 9}))
    options = read_options(["--dir", str(tmp_path), "--config", str(config), "--refuse", "0"])
    assert (options.refuse, options.returned, options.delay_seconds, options.interval_seconds, options.seed) == (
        *(0.0, 0.1, 3.0, 0.1),
        "9",
    )


@pytest.mark.parametrize(
    "words",
    [
        ["--refuse", "1.5"],
        ["--refuse", "half"],
        ["--delay-seconds", "-1"],
        ["--refuse", "0.9", "--return", "0.2"],
        ["--config", "bad.json"],
        ["--config", "unknown.json"],
        ["--config", "share.json"],
    ],
)
def test_nonsense_is_refused_with_its_reason(
    tmp_path: Path, words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("bad.json").write_text("[")
    Path("unknown.json").write_text('{"refuze": 1}')
    Path("share.json").write_text('{"refuse": 7}')
    with pytest.raises(SystemExit) as ended:
        read_options(["--dir", str(tmp_path), *words])
    assert ended.value.code == 2
    assert "error:" in capsys.readouterr().err
