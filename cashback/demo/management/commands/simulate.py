"""`simulate`: the whole life of N cards in a scratch database."""

import subprocess
import sys
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from cashback.demo.scratch import scratch
from cashback.demo.simulation import lines, simulate
from cashback.env import ROOT


class Command(BaseCommand):
    """Simulate with the production code; the real database and its keys are never touched."""

    help = "The whole life of N cards, in a scratch database that is dropped afterwards."

    def add_arguments(self, parser: CommandParser) -> None:
        """How many cards, and which fortunes."""
        parser.add_argument("--cards", type=int, required=True)
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument("--bank-seconds", type=float, default=30.0, help="wait for a silent bank")
        parser.add_argument("--inside", action="store_true", help="used by the command itself")

    def handle(self, *args: Any, **options: Any) -> None:
        """Make the scratch installation and run inside it; or, inside, simulate and report."""
        if not 1 <= options["cards"] <= 1_000_000:
            raise CommandError("--cards must be from 1 to 1000000")
        if options["inside"]:
            self._simulate(options)
            return
        words = ["--cards", str(options["cards"]), "--seed", str(options["seed"])]
        words += ["--bank-seconds", str(options["bank_seconds"]), "--inside"]
        with scratch(owner_url=settings.MIGRATION_DATABASE_URL, application_url=settings.DATABASE_URL) as environment:
            manage = [sys.executable, str(ROOT / "manage.py")]
            subprocess.run([*manage, "migrate", "--verbosity", "0"], env=environment, check=True)  # noqa: S603
            folder = f"{environment['VAR']}/bank-simulator"
            fortunes = [
                "--seed",
                str(options["seed"]),
                "--delay-seconds",
                "2",
                "--interval",
                "0.1",
                "--book-seconds",
                "0.2",
            ]
            bank = [sys.executable, "-m", "cashback.embedded.bank", "--dir", folder, *fortunes]
            with subprocess.Popen(bank, env=environment, cwd=ROOT) as simulator:  # noqa: S603
                try:
                    done = subprocess.run([*manage, "simulate", *words], env=environment, check=False)  # noqa: S603
                finally:
                    simulator.terminate()
        if done.returncode:
            raise CommandError("the simulation failed")

    def _simulate(self, options: dict[str, Any]) -> None:
        def progress(cards: Iterable[dict[str, str]], what: str) -> Iterable[dict[str, str]]:
            return tqdm(cards, desc=what, unit=" cards")

        report = simulate(
            cards=options["cards"], seed=options["seed"], progress=progress, bank_seconds=options["bank_seconds"]
        )
        for line in lines(report):
            self.stdout.write(line)
        if report.breaches:
            raise CommandError("the books do not balance")
