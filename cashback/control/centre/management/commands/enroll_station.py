"""`enroll_station`: write down a new station and the file that it needs."""

import json
import os
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from cashback.control.centre import enrolling
from cashback.env import env
from cashback.lib.errors import DomainError, InvalidDetails


class Command(BaseCommand):
    """Invite a station."""

    help = (
        "Write what a new station needs: the centre's address and key, and a user of its own at the broker. The "
        "station makes its own key and announces it; it is believed once an operator has accepted its fingerprint."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Say who, and how it reaches the centre."""
        parser.add_argument("name", metavar="NAME", help="small letters, digits and dashes")
        parser.add_argument("--out", required=True, type=Path, metavar="FILE", help="must not exist yet; holds secrets")
        parser.add_argument("--label", action="append", default=[], help="where it stands, say; may be repeated")
        address = f"http://127.0.0.1:{env.number('PORT', 8000)}"
        parser.add_argument("--centre-url", default=address, help="the centre, as the station reaches it")
        parser.add_argument("--broker-url", default=settings.REDIS_URL, help="the broker, as the station reaches it")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Invite, and write the file before the invitation counts."""
        out: Path = options["out"]
        try:
            with transaction.atomic():
                invitation = enrolling.invite(
                    name=options["name"],
                    labels=options["label"],
                    centre_url=options["centre_url"],
                    broker_url=options["broker_url"],
                    by_id=None,
                    now=timezone.now(),
                )
                descriptor = os.open(out, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
                with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                    json.dump(invitation.configuration, file, indent=2)
                    file.write("\n")
        except InvalidDetails as refusal:
            raise CommandError(
                "; ".join(f"{field}: {' '.join(why)}" for field, why in refusal.errors.items())
            ) from None
        except DomainError as refusal:
            raise CommandError(str(refusal)) from None
        except FileExistsError:
            raise CommandError(f"--out: {out} exists; it may be another station's") from None
        except OSError as problem:
            raise CommandError(f"--out: {out} cannot be written ({problem.strerror})") from None
        self.stdout.write(
            f"{out} is for station {options['name']} alone and valid for {enrolling.TOKEN_VALID.days} days. "
            "Start the station with it, compare the fingerprint it prints, and accept it."
        )
