"""`publish_application`: sign a bundle and hand it out from now on."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from cashback.control.centre import publishing
from cashback.lib.errors import DomainError, InvalidDetails


class Command(BaseCommand):
    """Publish a version of an application."""

    help = "Sign a zip application with the site's key and publish it. A version never changes."

    def add_arguments(self, parser: CommandParser) -> None:
        """Say what, and from which file."""
        parser.add_argument("application", metavar="APPLICATION", help="its id: small letters, digits and dashes")
        parser.add_argument("version", metavar="VERSION")
        parser.add_argument("bundle", type=Path, metavar="FILE", help="a zip with a __main__.py")
        parser.add_argument("--name", default="", help="for people; only taken with the first version")
        parser.add_argument("--name-zh", default="", help="the same in Chinese")
        parser.add_argument("--public", action="store_true", help="anybody may ask for a run of it (first version)")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Publish."""
        path: Path = options["bundle"]
        try:
            published = publishing.publish(
                application=options["application"],
                version=options["version"],
                bundle=path.read_bytes(),
                by_id=None,
                now=timezone.now(),
                name=options["name"],
                name_zh=options["name_zh"],
                is_public=options["public"],
            )
        except OSError as problem:
            raise CommandError(f"{path}: {problem.strerror}") from None
        except InvalidDetails as refusal:
            raise CommandError(
                "; ".join(f"{field}: {' '.join(why)}" for field, why in refusal.errors.items())
            ) from None
        except DomainError as refusal:
            raise CommandError(str(refusal)) from None
        self.stdout.write(f"{published}: {published.size_bytes:,} bytes, SHA-256 {published.sha256}")
