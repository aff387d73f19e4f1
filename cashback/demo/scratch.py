"""A scratch installation beside the real one: a database of its own through the owner's URL, folders and fresh keys.

Everything is gone when the block ends, whatever happened in it.
"""

import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import dj_database_url
import psycopg2
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from psycopg2 import sql
from pyrage import x25519


@contextmanager
def scratch(*, owner_url: str, application_url: str) -> Iterator[dict[str, str]]:
    """The environment of a scratch installation: URLs, keys and folders. Its database is dropped at the end."""
    name = f"simulate_{secrets.token_hex(6)}"
    with tempfile.TemporaryDirectory(prefix="cashback-simulate-") as folder:
        _database(owner_url, "CREATE DATABASE {}", name)
        try:
            yield {
                **os.environ,
                **_keys(Path(folder)),
                "VAR": folder,
                "DATABASE_URL": _with_name(application_url, name),
                "MIGRATION_DATABASE_URL": _with_name(owner_url, name),
                "DEMO": "1",
                "CLIENT_ATTEMPTS_PER_MINUTE": "0",
            }
        finally:
            _database(owner_url, "DROP DATABASE IF EXISTS {} WITH (FORCE)", name)


def _database(url: str, statement: str, name: str) -> None:
    known = dj_database_url.parse(url)
    connection = psycopg2.connect(
        dbname=known["NAME"],
        user=known["USER"],
        password=known["PASSWORD"],
        host=known["HOST"],
        port=known["PORT"] or None,
    )
    with closing(connection):
        connection.autocommit = True
        connection.cursor().execute(sql.SQL(statement).format(sql.Identifier(name)))


def _with_name(url: str, name: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


def _keys(folder: Path) -> dict[str, str]:
    """Fresh keys; the simulated bank makes its own."""
    signing = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    inbox, bank = x25519.Identity.generate(), x25519.Identity.generate()
    texts = {
        "pin.key": secrets.token_hex(32),
        "signing.key": signing.decode("ascii"),
        "bank-inbox.txt": str(inbox),
        "bank-recipient.txt": str(bank.to_public()),
        "bank-simulator/keys/identity.txt": str(bank),
        "bank-simulator/keys/recipient.txt": str(bank.to_public()),
        "bank-simulator/keys/customer-recipient.txt": str(inbox.to_public()),
    }
    for place in ("ring", "bank/outbox", "bank/inbox", "bank-simulator/keys"):
        (folder / place).mkdir(mode=0o700, parents=True)
    for file, text in texts.items():
        (folder / file).write_text(text + "\n", encoding="ascii")
        (folder / file).chmod(0o600)
    return {
        "SECRET_KEY": secrets.token_urlsafe(48),
        "PIN_KEY_FILE": str(folder / "pin.key"),
        "SIGNING_KEY_FILE": str(folder / "signing.key"),
        "KEYRING_DIR": str(folder / "ring"),
        "BANK_INBOX_KEY_FILE": str(folder / "bank-inbox.txt"),
        "BANK_RECIPIENT_KEY_FILE": str(folder / "bank-recipient.txt"),
        "BANK_OUTBOX_DIR": str(folder / "bank" / "outbox"),
        "BANK_INBOX_DIR": str(folder / "bank" / "inbox"),
    }
