"""One customer and one bank per test, in folders of their own."""

from pathlib import Path

import pyrage
import pytest

from cashback.embedded.bank.options import Options
from cashback.embedded.bank.post import prepare_keys
from tests.embedded_bank.customer import Customer


@pytest.fixture
def options(tmp_path: Path) -> Options:
    """A bank that pays everybody, at once."""
    return Options(
        dir=tmp_path / "bank-simulator",
        outbox=tmp_path / "bank" / "outbox",
        inbox=tmp_path / "bank" / "inbox",
        customer_key=tmp_path / "customer-recipient.txt",
        refuse=0.0,
        returned=0.0,
        delay=0.0,
        duplicate=0.0,
        disorder=0.0,
    )


@pytest.fixture
def customer(tmp_path: Path, options: Options) -> Customer:
    identity = pyrage.x25519.Identity.generate()
    identity_file = tmp_path / "customer-identity.txt"
    identity_file.write_text(f"{identity}\n")
    options.customer_key.write_text(f"{identity.to_public()}\n")
    options.outbox.mkdir(parents=True)
    options.inbox.mkdir(parents=True)
    prepare_keys(options)
    return Customer(options, identity_file)
