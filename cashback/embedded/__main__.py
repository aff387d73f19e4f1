"""`python -m cashback.embedded run`: everything on this machine. `... exec -- COMMAND`: a command with its servers."""

import argparse
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import FrameType

from cashback.embedded.house import House, HouseError, scratch_house
from cashback.embedded.keys import make_keys
from cashback.embedded.processes import HOUSE_MARK, die_with_parent
from cashback.embedded.servers import Servers
from cashback.embedded.supervisor import run_house
from cashback.env import var_dir

TEMPORARY_FOLDER_BYTES_MAX = 60  # programs put sockets of their own into it


def main(arguments: Sequence[str]) -> int:
    """Parse the command line, do it, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m cashback.embedded")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("run", help="run the whole program until Ctrl-C")
    commands.add_parser("keys", help="make the keys that are missing in VAR")
    execute = commands.add_parser("exec", help="run one command with PostgreSQL and Redis")
    execute.add_argument("--scratch", action="store_true", help="fresh servers, removed afterwards")
    execute.add_argument("--durable", action="store_true", help="with --scratch: write to the disk as in production")
    execute.add_argument("words", nargs="+", metavar="COMMAND")
    options = parser.parse_args(arguments)
    try:
        if options.command == "run":
            run_house(House(var_dir()), say=say)
            return 0
        if options.command == "keys":
            with _house(scratch=False) as house:
                make_keys(house)
            return 0
        return run_command(options.words, scratch=options.scratch, durable=options.durable or not options.scratch)
    except HouseError as problem:
        print(f"cashback: {problem}", file=sys.stderr)
        return 1


def run_command(words: Sequence[str], *, scratch: bool, durable: bool) -> int:
    """Run a command with servers of its own and pass on its exit code."""
    with _house(scratch) as house:
        servers = Servers(house, durable=durable, say=say)
        try:
            servers.start()
            settings = {**make_keys(house), **servers.urls()}
            house.write_env(settings)
            return _run(words, env={**os.environ, **settings, **_folders(house)})
        finally:
            servers.stop()


def say(text: str) -> None:
    """One line to the person at the terminal."""
    print(f"cashback: {text}", file=sys.stderr, flush=True)


def _run(words: Sequence[str], *, env: dict[str, str]) -> int:
    try:
        child = subprocess.Popen(words, env=env, preexec_fn=die_with_parent(signal.SIGTERM))  # noqa: PLW1509
    except FileNotFoundError:
        raise HouseError(f"{words[0]}: no such command.") from None

    def pass_on(number: int, _frame: FrameType | None) -> None:
        child.send_signal(number)

    signal.signal(signal.SIGTERM, pass_on)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal sends Ctrl-C to the command as well
    code = child.wait()
    return code if code >= 0 else 128 - code


@contextlib.contextmanager
def _house(scratch: bool) -> Iterator[House]:
    if scratch:
        with scratch_house(var_dir()) as house:
            yield house
        return
    house = House(var_dir())
    house.enter()
    try:
        yield house
    finally:
        house.leave()


def _folders(house: House) -> dict[str, str]:
    """What keeps the command's files inside the house."""
    temporary: Path = house.folder / "tmp"
    folders = {"VAR": str(house.folder), HOUSE_MARK: str(house.folder)}
    if len(os.fsencode(temporary)) > TEMPORARY_FOLDER_BYTES_MAX:
        return folders
    temporary.mkdir(mode=0o700, exist_ok=True)
    return {**folders, "TMPDIR": str(temporary)}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
