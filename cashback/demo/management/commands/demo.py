"""`demo`: found the demo in an empty database."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from cashback.demo import founding
from cashback.env import env


class Command(BaseCommand):
    """Fill an empty database with a published program, people, dealers and sold cards; do nothing to any other."""

    help = "Fill an empty database with the demo."

    def handle(self, *args: Any, **options: Any) -> None:
        """Found the demo. Refused without DEMO."""
        if not settings.DEMO:
            raise CommandError("DEMO is not set: this installation is not a demo")
        files = founding.default_files()
        url = f"http://127.0.0.1:{env.number('PORT', 8000)}/"
        if founding.found(files=files, url=url, now=timezone.now()):
            self.stdout.write(f"founded; log-ins and cards: {files.demo}")
        else:
            self.stdout.write("nothing to found")
