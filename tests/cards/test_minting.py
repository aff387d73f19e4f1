"""A batch is printed whole or never sold from, and only its manifest knows a PIN."""

import hashlib
import io
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import override_settings
from django.utils import timezone

from cards import minting, orders, pressing, programs
from cards.models import Batch, Card, Program
from cashback.lib.crypto.age import Identity, decrypt_bytes
from cashback.lib.crypto.digests import PinKey
from cashback.lib.serials import format_serial
from tests.factories import make_dealer, make_order, make_program, mint_batch, read_manifest, sell_lots

pytestmark = pytest.mark.django_db
Refuses = Callable[[str], AbstractContextManager[None]]


def _mint(program: Program, cards: int, *, printer_key: str, **more: Any) -> tuple[Batch, bytes]:
    out = io.BytesIO()
    batch = minting.mint(
        program_id=program.pk, cards=cards, out=out, printer_key=printer_key, now=timezone.now(), **more
    )
    return batch, out.getvalue()


def test_the_manifest_is_for_the_printer_and_the_table_for_the_key() -> None:
    printer = Identity.generate()
    batch, manifest = _mint(make_program(), 60, printer_key=str(printer.recipient))
    cards = read_manifest(decrypt_bytes(manifest, [printer]))
    key = PinKey.load(settings.PIN_KEY_FILE)
    digests = dict(Card.objects.values_list("number", "pin_digest"))
    assert [serial for serial, _ in cards] == [format_serial(batch.first_number + offset) for offset in range(60)]
    assert [bytes(digests[batch.first_number + offset]) for offset in range(60)] == [
        key.digest(serial, pin) for serial, pin in cards
    ]
    assert len({pin for _, pin in cards}) == 60
    assert (batch.minted, batch.pin_key_id, batch.printer_key) == (60, key.id, str(printer.recipient))
    assert batch.manifest_sha256 == hashlib.sha256(manifest).hexdigest()


def test_a_manifest_line_is_as_the_card_is_printed() -> None:
    [line] = pressing.press(bytes(32), 123_456_789_012, 1).manifest.decode().splitlines()
    serial, pin = line.split(",")
    assert serial == "1234-5678-9012-44"
    assert [len(group) for group in pin.split("-")] == [4, 4, 4, 4]


def test_numbers_continue_over_programs_and_unfinished_batches() -> None:
    first, _ = mint_batch(make_program(), 5)
    unfinished = Batch.objects.create(
        program=make_program(), first_number=6, cards=10, pin_key_id="x", started_at=timezone.now()
    )
    following, _ = mint_batch(make_program(), 5)
    assert (first.first_number, unfinished.first_number, following.first_number) == (1, 6, 16)


@pytest.mark.django_db(transaction=True)
def test_a_large_batch_is_made_by_two_processes_and_its_progress_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pressing, "CHUNK_CARDS", 100)
    seen: list[int] = []
    program = make_program()
    batch, manifest = _mint(program, 950, printer_key=str(Identity.generate().recipient), progress=seen.append)
    assert seen == [*range(100, 1_000, 100), 950]
    assert (batch.minted, Card.objects.count(), len(manifest) > 950 * 38) == (950, 950, True)


class _Full(io.BytesIO):
    """A disk that fills up."""

    def write(self, data: Any, /) -> int:
        if self.tell() + len(data) > 5_000:
            raise OSError(28, "No space left on device")
        return super().write(data)


@pytest.mark.django_db(transaction=True)
def test_a_batch_that_was_not_finished_is_never_sold_from(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pressing, "CHUNK_CARDS", 100)
    program, dealer = make_program(), make_dealer()
    with override_settings(DEMO=True), pytest.raises(OSError, match="No space"):
        minting.mint(program_id=program.pk, cards=500, out=_Full(), printer_key=None, now=timezone.now())
    [half] = Batch.objects.all()
    assert (half.minted, half.minted_at) == (200, None)
    order = make_order(program, dealer, 10)
    with pytest.raises(orders.NotEnoughCards):
        orders.fulfil(order_id=order, now=timezone.now())
    again, _ = mint_batch(program, 10)
    [lot] = orders.fulfil(order_id=order, now=timezone.now())
    assert (lot.batch_id, lot.first_number) == (again.pk, 501)


def test_the_manifest_is_kept_before_the_batch_may_be_sold() -> None:
    def fail() -> None:
        raise OSError(5, "the disk is gone")

    program = make_program()
    with pytest.raises(OSError, match="gone"):
        _mint(program, 5, printer_key=str(Identity.generate().recipient), kept=fail)
    assert Batch.objects.get(program=program).minted_at is None


@override_settings(DEMO=False)
def test_only_a_demo_mints_in_clear() -> None:
    with pytest.raises(minting.PlaintextRefused):
        minting.mint(program_id=1, cards=1, out=io.BytesIO(), printer_key=None, now=timezone.now())


@pytest.mark.parametrize("cards", [0, minting.CARDS_MAX + 1])
def test_a_batch_has_a_limit(cards: int) -> None:
    with pytest.raises(minting.CardsOutOfRange):
        _mint(Program(pk=1), cards, printer_key="age1")


def test_nothing_is_minted_for_a_key_that_is_none() -> None:
    program = make_program()
    with pytest.raises(minting.PrinterKeyUnusable):
        _mint(program, 1, printer_key="age1nonsense")
    assert not Batch.objects.exists()


def test_nothing_is_minted_for_a_closed_program() -> None:
    program = make_program()
    Program.objects.filter(pk=program.pk).update(state="closed", closed_at=timezone.now())
    with pytest.raises(programs.ProgramStateRefuses):
        _mint(program, 1, printer_key=str(Identity.generate().recipient))


def _command(tmp_path: Path, **options: Any) -> str:
    given = {"program": "P", "count": "20", "printer_key": tmp_path / "printer.txt", "out": tmp_path / "out.age"}
    shown = io.StringIO()
    arguments = [
        f"--{name.replace('_', '-')}={value}"
        for name, value in {**given, **options}.items()
        if value not in {None, True}
    ]
    flags = [f"--{name}" for name, value in options.items() if value is True]
    call_command("mint", *arguments, *flags, stdout=shown)
    return shown.getvalue()


def test_the_command_writes_the_manifest_and_shows_no_pin(tmp_path: Path) -> None:
    program, printer = make_program(code="P"), Identity.generate()
    (tmp_path / "printer.txt").write_text(f"# the printer\n{printer.recipient}\n")
    shown = _command(tmp_path)
    manifest = (tmp_path / "out.age").read_bytes()
    batch = Batch.objects.get(program=program)
    assert batch.manifest_sha256 == hashlib.sha256(manifest).hexdigest()
    assert batch.manifest_sha256 in shown
    for _, pin in read_manifest(decrypt_bytes(manifest, [printer])):
        assert pin not in shown.replace("-", "")
    assert (tmp_path / "out.age").stat().st_mode & 0o077 == 0
    assert {path.name for path in tmp_path.iterdir()} == {"printer.txt", "out.age"}


@override_settings(DEMO=True)
def test_the_command_writes_in_clear_for_a_demo_that_asks(tmp_path: Path) -> None:
    make_program(code="P")
    assert "IN CLEAR" in _command(tmp_path, printer_key=None, plaintext=True)
    assert len(read_manifest((tmp_path / "out.age").read_bytes())) == 20


@pytest.mark.parametrize(
    ("option", "options"),
    [
        ("--program", {"program": "NOBODY"}),
        ("--count", {"count": "0"}),
        ("--count", {"count": "many"}),
        ("--printer-key", {"printer_key": None}),
        ("--printer-key", {"printer_key": "/nowhere/key"}),
        ("--plaintext", {"plaintext": True}),
        ("--out", {"out": "/nowhere/out.age"}),
    ],
)
@override_settings(DEMO=False)
def test_the_command_names_the_wrong_option(option: str, options: dict[str, Any], tmp_path: Path) -> None:
    make_program(code="P")
    (tmp_path / "printer.txt").write_text(f"{Identity.generate().recipient}\n")
    with pytest.raises(CommandError, match=option):
        _command(tmp_path, **options)
    assert not Batch.objects.exists()


def test_a_manifest_is_never_overwritten(tmp_path: Path) -> None:
    make_program(code="P")
    (tmp_path / "printer.txt").write_text(f"{Identity.generate().recipient}\n")
    (tmp_path / "out.age").write_text("the only copy")
    with pytest.raises(CommandError, match="--out"):
        _command(tmp_path)
    assert (tmp_path / "out.age").read_text() == "the only copy"


@pytest.mark.parametrize(
    ("constraint", "change"),
    [
        ("cards_batch_no_overlap", {"first_number": 5}),
        ("cards_batch_numbers_in_range", {"first_number": 0}),
        ("cards_batch_numbers_in_range", {"first_number": 999_999_999_999}),
        ("cards_batch_numbers_in_range", {"cards": 0}),
        ("cards_batch_minted_in_range", {"minted": 11}),
        ("cards_batch_minted_is_complete", {"minted": 9, "minted_at": timezone.now()}),
    ],
)
def test_the_database_refuses_a_batch(constraint: str, change: dict[str, Any], database_refuses: Refuses) -> None:
    batch, _ = mint_batch(make_program(), 5)
    given = {"first_number": 6, "cards": 10, **change}
    with database_refuses(constraint):
        Batch.objects.create(program=batch.program, pin_key_id="x", started_at=timezone.now(), **given)


def test_the_database_refuses_a_card_of_the_wrong_form(database_refuses: Refuses) -> None:
    with database_refuses("cards_card_digest_length"):
        Card.objects.create(number=1, pin_digest=b"short")
    mint_batch(make_program(), 1)
    with database_refuses("cards_card_pkey"), connection.cursor() as cursor:
        cursor.execute("INSERT INTO cards_card VALUES (1, %s)", [bytes(32)])


def test_the_application_changes_no_card_and_no_batch(database_refuses: Refuses) -> None:
    batch, _ = mint_batch(make_program(), 1)
    for attempt in (
        lambda: Card.objects.update(pin_digest=bytes(32)),
        lambda: Card.objects.filter(number=1).delete(),
    ):
        with database_refuses("permission denied for table cards_card"):
            attempt()
    with database_refuses("permission denied for table cards_batch"):
        Batch.objects.update(first_number=7)
    with database_refuses("permission denied for table cards_batch"):
        batch.delete()


def test_cards_of_one_program_are_never_sold_for_another() -> None:
    mint_batch(make_program(), 100)
    program = make_program()
    mint_batch(program, 5)
    [lot] = sell_lots(program, make_dealer(), 5)
    assert lot.first_number == 101
