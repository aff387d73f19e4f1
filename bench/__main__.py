"""`make bench`: run the benchmarks, print a table and write bench/results.json. Names on the command line choose."""

import json
import os
import platform
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, cast

import django
from django.core.management import call_command
from django.db import connection

if TYPE_CHECKING:
    from bench.harness import Result

NAMES = (
    "minting",
    "registering",
    "serving",
    "refusing",
    "passing",
    "arriving",
    "cycles",
    "confirming",
    "places",
    "checking",
    "drawing",
    "whole_draw",
)
HERE = Path(__file__).parent


def main(names: list[str]) -> int:
    """Run the benchmarks named, or all. Exit code 2 for an unknown name; a missed target is reported, not an error."""
    unknown = set(names) - set(NAMES)
    if unknown:
        print(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}", file=sys.stderr)
        return 2
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cashback.settings")
    os.environ["DEMO"] = "1"
    django.setup()
    _migrate()
    results = []
    for name in names or NAMES:
        print(f"-- {name} (load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores)", flush=True)
        started = time.perf_counter()
        for result in _benchmark(name)():
            results.append(result)
            print(result, flush=True)
        print(f"   ({time.perf_counter() - started:.0f} s)", flush=True)
    _write(results)
    return 0


def _migrate() -> None:
    """Migrate as the owner, and go on as the application."""
    application = dict(connection.settings_dict)
    call_command("migrate", verbosity=0)
    connection.close()
    connection.settings_dict.update(application)


def _benchmark(name: str) -> "Callable[[], Iterator[Result]]":
    # The modules need Django to be set up before they are imported.
    return cast("Callable[[], Iterator[Result]]", import_module(f"bench.{name}").run)


def _write(results: "list[Result]") -> None:
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        (server,) = cursor.fetchone()
    report = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "quick": os.environ.get("BENCH_QUICK") == "1",
        "python": platform.python_version(),
        "postgresql": server,
        "cores": os.cpu_count(),
        "load": [round(load, 1) for load in os.getloadavg()],
        "missed": [result.name for result in results if result.met is False],
        "results": [result.row() for result in results],
    }
    (HERE / "results.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    print(f"{len(report['missed'])} of {sum(result.met is not None for result in results)} targets missed")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
