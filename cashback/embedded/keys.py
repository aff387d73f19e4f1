"""Keys of a fresh installation: random, mode 600, each in a file of its own; what exists is never touched.

The bank simulator is another company: its identity lies in its own folder, and each side knows the other's public
recipient only.
"""

import secrets

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pyrage import x25519

from cashback.embedded.house import House

PIN_KEY_BYTES = 32


def make_keys(house: House) -> dict[str, str]:
    """Make what is missing and return the settings that name it, SECRET_KEY included."""
    keys, bank = house.keys, house.folder / "bank-simulator"
    ring, printer = keys / "ring", house.folder / "printer"
    for folder in (ring, printer, bank, bank / "keys"):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    if not (keys / "pin.key").exists():
        house.write(keys / "pin.key", secrets.token_hex(PIN_KEY_BYTES) + "\n")
    if not (keys / "signing.key").exists():
        house.write(keys / "signing.key", _signing_key())
    for identity, recipient in (
        (keys / "bank-inbox.txt", bank / "keys" / "customer-recipient.txt"),  # we read what the bank answers
        (bank / "keys" / "identity.txt", keys / "bank-recipient.txt"),  # the bank reads what we order
        (printer / "identity.txt", printer / "recipient.txt"),  # the demo's printer reads manifests
    ):
        if not identity.exists():
            house.write(identity, f"{x25519.Identity.generate()}\n")
        if not recipient.exists():
            known = x25519.Identity.from_str(identity.read_text(encoding="ascii").strip())
            house.write(recipient, f"{known.to_public()}\n")
    return {
        "SECRET_KEY": house.password("secret-key"),
        "PIN_KEY_FILE": str(keys / "pin.key"),
        "SIGNING_KEY_FILE": str(keys / "signing.key"),
        "KEYRING_DIR": str(ring),
        "BANK_INBOX_KEY_FILE": str(keys / "bank-inbox.txt"),
        "BANK_RECIPIENT_KEY_FILE": str(keys / "bank-recipient.txt"),
        "BANK_OUTBOX_DIR": str(house.folder / "bank" / "outbox"),
        "BANK_INBOX_DIR": str(house.folder / "bank" / "inbox"),
    }


def _signing_key() -> str:
    private = Ed25519PrivateKey.generate()
    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode("ascii")
