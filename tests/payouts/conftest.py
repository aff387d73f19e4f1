"""Our folders with a bank, its letters as the simulator writes them, and programs whose first cycle is closed."""

from pathlib import Path

import pytest
from django.conf import settings
from pyrage import x25519

from tests.payouts.banking import Bank


@pytest.fixture
def bank(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bank:
    """A bank whose letters the test writes itself, and folders of its own."""
    ours, theirs = x25519.Identity.generate(), x25519.Identity.generate()
    for name, text in {
        "inbox.txt": str(ours),
        "customer.txt": str(ours.to_public()),
        "identity.txt": str(theirs),
        "recipient.txt": str(theirs.to_public()),
    }.items():
        (tmp_path / name).write_text(text + "\n", encoding="ascii")
    for folder in ("outbox", "inbox"):
        (tmp_path / folder).mkdir()
    monkeypatch.setattr(settings, "BANK_OUTBOX_DIR", tmp_path / "outbox")
    monkeypatch.setattr(settings, "BANK_INBOX_DIR", tmp_path / "inbox")
    monkeypatch.setattr(settings, "BANK_INBOX_KEY_FILE", tmp_path / "inbox.txt")
    monkeypatch.setattr(settings, "BANK_RECIPIENT_KEY_FILE", tmp_path / "recipient.txt")
    return Bank(tmp_path)
