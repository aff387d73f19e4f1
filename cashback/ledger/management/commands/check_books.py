"""`check_books`: every invariant, one line each; exit 1 if one is broken."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import gettext as _

from cashback.lib import books


class Command(BaseCommand):
    """Check the books of every installed app."""

    help = "Check every invariant of the books, one line each; exit 1 if one is broken."

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Check, and say what is broken."""
        now, broken = timezone.now(), 0
        for invariant in books.invariants():
            breaches = list(invariant.check(now))
            broken += bool(breaches)
            self.stdout.write(f"{invariant.number:>2}  {_('BROKEN') if breaches else _('holds')}  {invariant.name}")
            for breach in breaches:
                self.stdout.write(f"      {breach}")
        if broken:
            raise CommandError(_("%(broken)s of the books' rules are broken") % {"broken": broken}, returncode=1)
