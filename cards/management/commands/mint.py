"""`mint`: print a batch of cards. No PIN is ever shown: they are in the manifest, for the printer's key alone."""

import contextlib
import os
import sys
import tempfile
from argparse import ArgumentTypeError
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from cards import minting
from cards.models import Batch, Program
from cashback.lib.crypto.age import read_recipients
from cashback.lib.crypto.digests import UnusableKeyFile
from cashback.lib.errors import DomainError


class Command(BaseCommand):
    """Mint a batch and write its manifest."""

    help = (
        "Mint a batch of cards. The manifest, a line SERIAL,PIN for each card, is encrypted (age) to the printer's "
        "key while it is made; nothing else ever knows a PIN."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Say for whom, how many, and where to."""
        parser.add_argument("--program", required=True, metavar="CODE", help="the program's code")
        parser.add_argument("--count", required=True, type=_count, metavar="N", help="how many cards")
        parser.add_argument("--printer-key", type=Path, metavar="FILE", help="a file with the printer's age recipient")
        parser.add_argument("--out", required=True, type=Path, metavar="FILE", help="the manifest; must not exist yet")
        parser.add_argument("--plaintext", action="store_true", help="write the manifest in clear (demo only)")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Check every option before the first card, then mint."""
        program = Program.objects.filter(code=options["program"]).first()
        if program is None:
            known = ", ".join(Program.objects.order_by("code").values_list("code", flat=True)[:20]) or "none"
            raise CommandError(f"--program: there is no program {options['program']} (there are: {known})")
        printer_key = _printer_key(options["printer_key"], plaintext=options["plaintext"])
        out: Path = options["out"]
        with _manifest(out) as (file, keep):
            try:
                batch = minting.mint(
                    program_id=program.pk,
                    cards=options["count"],
                    out=file,
                    printer_key=printer_key,
                    now=timezone.now(),
                    progress=self._progress(options["count"]),
                    kept=keep,
                )
            except (DomainError, UnusableKeyFile) as refusal:
                raise CommandError(str(refusal)) from None
        self._report(batch, out, encrypted=printer_key is not None)

    def _progress(self, count: int) -> Any:
        shown = sys.stderr.isatty()

        def progress(minted: int) -> None:
            if shown:
                end = "\n" if minted == count else ""
                self.stderr.write(f"\r{minted:,} of {count:,} cards", ending=end)
                self.stderr.flush()

        return progress

    def _report(self, batch: Batch, out: Path, *, encrypted: bool) -> None:
        last = batch.first_number + batch.cards - 1
        manner = "encrypted to the printer's key" if encrypted else "IN CLEAR"
        self.stdout.write(
            f"{batch}: {batch.cards:,} cards of {batch.program.code}, numbers {batch.first_number}-{last}"
        )
        self.stdout.write(f"manifest {out} ({manner}), SHA-256 {batch.manifest_sha256}")


def _count(text: str) -> int:
    try:
        count = int(text.replace("_", ""))
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is not a whole number") from None
    if not 1 <= count <= minting.CARDS_MAX:
        raise ArgumentTypeError(f"a batch has 1 to {minting.CARDS_MAX:,} cards, not {count:,}")
    return count


def _printer_key(path: Path | None, *, plaintext: bool) -> str | None:
    """The recipient to encrypt to; None for clear text, where that was asked for and is allowed."""
    if plaintext:
        if path is not None:
            raise CommandError("--plaintext and --printer-key exclude each other")
        if not settings.DEMO:
            raise CommandError("--plaintext: only a demo (DEMO=1) writes PINs in clear; use --printer-key FILE")
        return None
    if path is None:
        raise CommandError("--printer-key is missing: PINs are only written for the printer's key")
    try:
        recipients = read_recipients(path)
    except UnusableKeyFile as error:
        raise CommandError(f"--printer-key: {error}") from None
    if len(recipients) != 1:
        raise CommandError(f"--printer-key: {path} holds {len(recipients)} keys; a manifest is for one printer")
    return str(recipients[0])


@contextlib.contextmanager
def _manifest(out: Path) -> Iterator[tuple[BinaryIO, Any]]:
    """A file beside `out`, and what gives it its name once it is whole and on the disk."""
    if out.exists() or out.is_symlink():
        raise CommandError(f"--out: {out} exists; a manifest is never overwritten")
    try:
        descriptor, name = tempfile.mkstemp(prefix=f".{out.name}.", suffix=".part", dir=out.parent)
    except OSError as error:
        raise CommandError(f"--out: {out} cannot be written ({error.strerror})") from None
    part = Path(name)
    with os.fdopen(descriptor, "wb") as file:

        def keep() -> None:
            file.flush()
            os.fsync(file.fileno())
            part.rename(out)
            _sync_folder(out.parent)

        try:
            yield file, keep
        finally:
            part.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
