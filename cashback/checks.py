"""What refuses to start: a production with default or missing secrets, or a demo made of a production's settings.

`python -m cashback.checks` says what is wrong and exits with 1.
"""

import os
import sys
from pathlib import Path
from urllib.parse import urlsplit

import django
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError, ProgrammingError, connection

from cashback.lib.crypto.digests import PinKey, UnusableKeyFile

SECRET_KEY_CHARACTERS_MIN = 40
GROUP_AND_OTHERS = 0o077


def refuse_to_start() -> None:
    """Raise ImproperlyConfigured, naming every setting that is wrong."""
    found = problems()
    if found:
        raise ImproperlyConfigured("; ".join(found))


def problems() -> list[str]:
    """One line for each setting with which this process must not start."""
    found = _key_files() or _pin_key()
    found += _roles()
    if settings.DEMO or settings.DEBUG:
        return [*found, *_demo()] if settings.DEMO else found
    return [*found, *_production()]


def _production() -> list[str]:
    found = []
    if settings.SECRET_KEY == settings.INSECURE_SECRET_KEY or len(settings.SECRET_KEY) < SECRET_KEY_CHARACTERS_MIN:
        found.append(f"SECRET_KEY must be set, to {SECRET_KEY_CHARACTERS_MIN} random characters or more")
    if not urlsplit(settings.DATABASE_URL).username:
        found.append("DATABASE_URL must name the application's role")
    if "*" in settings.ALLOWED_HOSTS:
        found.append("ALLOWED_HOSTS must name the hosts; * lets a stranger choose the addresses that we print")
    if settings.CLIENT_ATTEMPTS_PER_MINUTE <= 0:
        found.append("CLIENT_ATTEMPTS_PER_MINUTE may be 0 only with DEMO")
    return found


def _demo() -> list[str]:
    """The demo mints in clear and prints its passwords; it must not sit where a production was set up."""
    found = []
    if settings.HTTPS:
        found.append("DEMO and HTTPS exclude each other: a site for the public is not a demo")
    strangers = [host for host in settings.ALLOWED_HOSTS if host.strip("[]") not in LOCAL_HOSTS]
    if strangers:
        found.append(f"DEMO answers on this machine only; ALLOWED_HOSTS names {', '.join(strangers)}")
    return found


LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "::1", "testserver"})


def _roles() -> list[str]:
    if settings.DEBUG:
        return []
    application, owner = urlsplit(settings.DATABASE_URL).username, urlsplit(settings.MIGRATION_DATABASE_URL).username
    if application == owner:
        return ["MIGRATION_DATABASE_URL and DATABASE_URL must name two roles: the application owns no table"]
    return []


def _key_files() -> list[str]:
    found = []
    for name in ("PIN_KEY_FILE", "SIGNING_KEY_FILE", "KEYRING_DIR"):
        path = Path(getattr(settings, name))
        if not path.exists():
            found.append(f"{name} names {path}, which does not exist")
        elif not os.access(path, os.R_OK):
            found.append(f"{name} names {path}, which this process may not read")
        elif path.stat().st_mode & GROUP_AND_OTHERS:
            found.append(
                f"{name} names {path}, which others may read; its mode must be {700 if path.is_dir() else 600}"
            )
    return found


def _pin_key() -> list[str]:
    """With another key every right PIN would be refused, as if its holder had mistyped it.

    A database that is away, or that has no tables yet, has nothing to compare.
    """
    try:
        key = PinKey.load(Path(settings.PIN_KEY_FILE))
    except UnusableKeyFile as problem:
        return [f"PIN_KEY_FILE: {problem}"]
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT DISTINCT pin_key_id FROM cards_batch WHERE pin_key_id <> %s ORDER BY 1", [key.id])
            missing = [str(key_id) for (key_id,) in cursor.fetchall()]
    except (OperationalError, ProgrammingError):
        return []
    finally:
        if not connection.in_atomic_block:
            connection.close()  # a server that forks must not share it
    if missing:
        return [f"PIN_KEY_FILE holds the key {key.id}; cards were minted under {', '.join(missing)}"]
    return []


def main() -> int:
    """Print what is wrong; 1 if anything is."""
    django.setup()
    found = problems()
    for line in found:
        sys.stderr.write(f"{line}\n")
    return 1 if found else 0


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cashback.settings")
    sys.exit(main())
