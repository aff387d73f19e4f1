"""`demo_traffic`: invented holders register the demo's cards."""

import signal
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from cashback.demo import founding, traffic


class Command(BaseCommand):
    """Register the demo's own cards one after another, through the real intake."""

    help = "Register the demo's own cards one after another."

    def add_arguments(self, parser: CommandParser) -> None:
        """The pace may be set."""
        parser.add_argument("--pause", type=float, default=None, help="seconds between registrations")
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument("--stay", action="store_true", help="when all is done, wait to be ended")

    def handle(self, *args: Any, **options: Any) -> None:
        """Stream until every card is registered. Refused without DEMO."""
        if not settings.DEMO:
            raise CommandError("DEMO is not set: this installation is not a demo")
        files = founding.default_files()
        if not files.traffic.exists():
            self.stdout.write("no traffic: this database was not founded by the demo")
            if options["stay"]:
                signal.pause()
            return
        state = traffic.Traffic()
        for _ in traffic.stream(state, files=files, seed=options["seed"], pause=options["pause"]):
            if state.made % 50 == 0:
                self.stdout.write(f"{state.made} registered, {state.corrected} corrected")
        self.stdout.write("every card is registered")
        if options["stay"]:
            traffic.stay(state, seed=options["seed"])
