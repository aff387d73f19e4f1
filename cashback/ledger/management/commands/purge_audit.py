"""`purge_audit`: what personal data is held, why, until when; exit 1 if anything is overdue."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import gettext as _

from cashback.lib import books


class Command(BaseCommand):
    """List what every installed app holds of people."""

    help = "List the personal data that is held, why, and until when; exit 1 if anything is overdue."

    def handle(self, *_args: Any, **_options: Any) -> None:
        """List, and count what should be gone."""
        holdings = books.holdings(timezone.now())
        for holding in holdings:
            until = timezone.localtime(holding.latest).isoformat(timespec="minutes") if holding.latest else "-"
            self.stdout.write(
                _("%(records)s  %(what)s; %(why)s; until %(until)s at the latest; overdue: %(overdue)s")
                % {
                    "records": f"{holding.records:>9}",
                    "what": holding.what,
                    "why": holding.why,
                    "until": until,
                    "overdue": holding.overdue,
                }
            )
        if not any(holding.records for holding in holdings):
            self.stdout.write(_("Nothing is held of anybody."))
        overdue = sum(holding.overdue for holding in holdings)
        if overdue:
            raise CommandError(_("%(overdue)s records are held past their time") % {"overdue": overdue}, returncode=1)
