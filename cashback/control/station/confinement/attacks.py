"""What a hostile application would try. The station runs these against itself when it starts, and says what held.

This file is run as an application: its input names one attack, its output says whether it got anywhere. Where nothing
holds them attacks succeed, so each leaves the machine as it was.
"""

import ctypes
import json
import os
import socket
import sys
import time
from collections.abc import Callable
from typing import Any, Final

_PIECE_BYTES: Final = 8 * 1024 * 1024
_FORKS_MAX: Final = 300


def read_secrets(given: dict[str, Any]) -> list[str]:
    """The station's key, its folder, and what the system keeps from strangers."""
    return [path for path in [*given["paths"], "/etc/passwd", "/proc/self/environ"] if _reads(path)]


def read_memory(given: dict[str, Any]) -> list[str]:
    """Environment and memory of the processes that started this one, and whether signals reach them."""
    got = []
    for pid in given["pids"]:
        got += [path for path in (f"/proc/{pid}/environ", f"/proc/{pid}/mem") if _reads(path)]
        try:
            os.kill(pid, 0)
            got.append(f"signal {pid}")
        except OSError:
            pass
    return got


def write_outside(given: dict[str, Any]) -> list[str]:
    """A file anywhere, and one in memory that no limit on memory counts."""
    got = []
    for folder in given["folders"]:
        path = os.path.join(folder, "attacked")
        try:
            with open(path, "w") as file:
                file.write("x")
            os.unlink(path)
            got.append(path)
        except OSError:
            pass
    try:
        os.write(os.memfd_create("attacked"), b"x" * 4096)
        got.append("memfd")
    except OSError:
        pass
    return got


def reach_network(given: dict[str, Any]) -> list[str]:
    """Whoever listens: by address, by path, by abstract name."""
    got = []
    places = [
        (socket.AF_INET, tuple(given["tcp"])),
        (socket.AF_UNIX, given["path"]),
        (socket.AF_UNIX, given["abstract"]),
    ]
    for family, address in places:
        try:
            with socket.socket(family) as session:
                session.settimeout(0.5)
                session.connect(address)
                got.append(str(address))
        except OSError:
            pass
    return got


def fork_without_end(given: dict[str, Any]) -> list[str]:
    """As many processes as there may be."""
    count = 0
    try:
        while count < _FORKS_MAX:
            if os.fork() == 0:
                time.sleep(60)
                os._exit(0)
            count += 1
    except OSError:
        pass
    return [f"{count} processes"] if count > given["processes"] else []


def fill_memory(given: dict[str, Any]) -> list[str]:
    """As much memory as there may be."""
    pieces: list[bytes] = []
    try:
        while len(pieces) * _PIECE_BYTES <= 2 * given["memory_bytes"]:
            pieces.append(b"x" * _PIECE_BYTES)
    except MemoryError:
        pieces.clear()
        return _shares_memory()
    return [f"{len(pieces) * _PIECE_BYTES} bytes"]


def _shares_memory() -> list[str]:
    """Memory that belongs to no address space, so that no limit on one counts it."""
    libc = ctypes.CDLL(None)
    segment = libc.shmget(0, ctypes.c_size_t(_PIECE_BYTES), 0o1600)
    if segment < 0:
        return []
    libc.shmctl(segment, 0, None)
    return ["shared memory"]


def outlive(given: dict[str, Any]) -> list[str]:
    """A grandchild in a session of its own that goes on; its descriptors tell the station whether it did."""
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            for descriptor in (0, 1, 2):
                os.close(descriptor)
            time.sleep(60)
        os._exit(0)
    time.sleep(0.05)
    return []


def sleep_for_ever(given: dict[str, Any]) -> list[str]:
    """Never end."""
    time.sleep(3600)
    return ["slept"]


def print_a_gigabyte(given: dict[str, Any]) -> list[str]:
    """More output than anybody reads."""
    text = "x" * 1_000_000
    for _ in range(1000):
        sys.stdout.write(text)
    return ["printed"]


def _reads(path: str) -> bool:
    try:
        if os.path.isdir(path):
            return bool(os.listdir(path))
        with open(path, "rb", buffering=0) as file:
            if not path.endswith("/mem"):
                file.read(1)
            return True
    except OSError:
        return False


ATTACKS: Final[dict[str, Callable[[dict[str, Any]], list[str]]]] = {
    attack.__name__: attack
    for attack in (
        read_secrets,
        read_memory,
        write_outside,
        reach_network,
        fork_without_end,
        fill_memory,
        outlive,
        sleep_for_ever,
        print_a_gigabyte,
    )
}


def main() -> None:
    """Try the attack that the input names."""
    given = json.load(sys.stdin)
    json.dump({"got": ATTACKS[given["attack"]](given)}, sys.stdout)


if __name__ == "__main__":
    main()
