"""Keys of a fresh installation, and what refuses to start without them."""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from pyrage import decrypt, encrypt, x25519
from pytest_django.fixtures import Settings

from cashback.checks import problems, refuse_to_start
from cashback.embedded.house import House
from cashback.embedded.keys import make_keys
from cashback.lib.crypto.digests import PinKey, create_key_file
from cashback.lib.crypto.signatures import SigningKey
from tests.factories import make_program, mint_batch


@pytest.fixture
def house(tmp_path: Path) -> House:
    house = House(tmp_path / "var")
    house.enter()
    return house


def test_keys_are_made_once_and_never_touched_again(house: House) -> None:
    first = make_keys(house)
    files = {path: path.read_bytes() for path in house.folder.rglob("*") if path.is_file()}
    assert make_keys(house) == first
    assert {path: path.read_bytes() for path in house.folder.rglob("*") if path.is_file()} == files


def test_keys_have_the_forms_that_the_program_reads(house: House) -> None:
    settings = make_keys(house)
    assert PinKey.load(Path(settings["PIN_KEY_FILE"])).id
    assert SigningKey.load(Path(settings["SIGNING_KEY_FILE"]))
    assert len(settings["SECRET_KEY"]) >= 40
    assert Path(settings["KEYRING_DIR"]).stat().st_mode & 0o777 == 0o700


def test_each_side_of_the_bank_reads_only_what_is_meant_for_it(house: House) -> None:
    settings = make_keys(house)
    bank = house.folder / "bank-simulator" / "keys"
    ours = x25519.Identity.from_str(Path(settings["BANK_INBOX_KEY_FILE"]).read_text().strip())
    theirs = x25519.Identity.from_str((bank / "identity.txt").read_text().strip())
    order = encrypt(
        b"order", [x25519.Recipient.from_str(Path(settings["BANK_RECIPIENT_KEY_FILE"]).read_text().strip())]
    )
    answer = encrypt(b"answer", [x25519.Recipient.from_str((bank / "customer-recipient.txt").read_text().strip())])
    assert decrypt(order, [theirs]) == b"order"
    assert decrypt(answer, [ours]) == b"answer"
    with pytest.raises(Exception, match=r"[Nn]o matching keys"):
        decrypt(order, [ours])


@pytest.fixture
def production(house: House, settings: Settings, db: None) -> Settings:
    """Settings with which a production starts."""
    for name, value in make_keys(house).items():
        setattr(settings, name, value)
    settings.DEBUG = settings.DEMO = False
    settings.HTTPS = True
    settings.ALLOWED_HOSTS = ["cash-back.example"]
    settings.DATABASE_URL = "postgres://cashback_app:x@db/cashback"
    settings.MIGRATION_DATABASE_URL = "postgres://cashback_owner@db/cashback"
    settings.CLIENT_ATTEMPTS_PER_MINUTE = 20
    return settings


def test_a_production_with_its_secrets_starts(production: Settings) -> None:
    assert problems() == []


def test_another_key_than_the_cards_were_minted_under_refuses_to_start(production: Settings) -> None:
    file = production.PIN_KEY_FILE = Path(production.PIN_KEY_FILE)
    mint_batch(make_program(), 1)
    assert problems() == []
    minted_under = PinKey.load(file).id
    file.unlink()
    create_key_file(file)
    with pytest.raises(ImproperlyConfigured, match=f"PIN_KEY_FILE holds the key .* minted under {minted_under}"):
        refuse_to_start()


def _default_secret(settings: Settings) -> None:
    settings.SECRET_KEY = settings.INSECURE_SECRET_KEY


def _one_role(settings: Settings) -> None:
    settings.MIGRATION_DATABASE_URL = settings.DATABASE_URL


def _demo(settings: Settings) -> None:
    settings.DEMO = True


def _demo_for_the_public(settings: Settings) -> None:
    settings.DEMO, settings.HTTPS = True, False


def _no_limit(settings: Settings) -> None:
    settings.CLIENT_ATTEMPTS_PER_MINUTE = 0


def _any_host(settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["*"]


def _no_pin_key(settings: Settings) -> None:
    Path(settings.PIN_KEY_FILE).unlink()


def _open_signing_key(settings: Settings) -> None:
    Path(settings.SIGNING_KEY_FILE).chmod(0o644)


@pytest.mark.parametrize(
    ("spoil", "named"),
    [
        (_default_secret, "SECRET_KEY"),
        (_one_role, "MIGRATION_DATABASE_URL"),
        (_demo, "DEMO"),
        (_demo_for_the_public, "ALLOWED_HOSTS"),
        (_no_limit, "CLIENT_ATTEMPTS_PER_MINUTE"),
        (_any_host, "ALLOWED_HOSTS"),
        (_no_pin_key, "PIN_KEY_FILE"),
        (_open_signing_key, "SIGNING_KEY_FILE"),
    ],
)
def test_a_wrong_setting_refuses_to_start_and_is_named(
    production: Settings, spoil: Callable[[Settings], None], named: str
) -> None:
    spoil(production)
    with pytest.raises(ImproperlyConfigured, match=named):
        refuse_to_start()
