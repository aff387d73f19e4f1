"""`run_pass`: the pass now, in the foreground."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from cards.models import Program
from queueing import erasing, ordering


class Command(BaseCommand):
    """Run the pass and say what it did."""

    help = "Give places and close cycles now, in the foreground, and say what was done."

    def add_arguments(self, parser: CommandParser) -> None:
        """One program, or all that are published."""
        parser.add_argument("--program", metavar="CODE", help="the program's code; without it every published one")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Run the pass, sign what it erased, print a line for each program."""
        for report in self._reports(options["program"]):
            self.stdout.write(
                f"{report.program}: {report.placed} placed, {report.cycles_closed} cycles closed,"
                f" {report.cash_awards} cash awards, {report.gift_awards} gifts"
            )
        erasing.sign_erasures()

    def _reports(self, code: str | None) -> list[ordering.PassReport]:
        if code is None:
            return ordering.run_passes()
        program = Program.objects.filter(code=code).first()
        if program is None:
            raise CommandError(f"there is no program {code}")
        return [ordering.run_pass(program_id=program.pk)]
