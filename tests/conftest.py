"""The devices every test builds on: a real database under the application's role, books that balance, races."""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import dj_database_url
import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import IntegrityError, ProgrammingError, connection, connections, transaction
from django.test import TransactionTestCase
from django.utils import timezone
from pytest_django.plugin import DjangoDbBlocker

from cashback.lib import books
from cashback.lib.crypto.digests import create_key_file
from cashback.lib.crypto.signatures import SigningKey
from tests.journeys.whole import whole  # noqa: F401  (a fixture of journeys and privacy)

APPLICATION = dj_database_url.parse(settings.DATABASE_URL)["USER"]
OWNER = dj_database_url.parse(settings.MIGRATION_DATABASE_URL)["USER"]


@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Make the test database as the owner, migrate it, and run the tests under the application's role."""
    owner = dj_database_url.parse(settings.MIGRATION_DATABASE_URL)
    with django_db_blocker.unblock():
        name, options = connection.settings_dict["NAME"], connection.settings_dict["OPTIONS"]["options"]
        connection.settings_dict.update({key: owner[key] for key in ("USER", "PASSWORD", "HOST", "PORT")})
        connection.creation.create_test_db(verbosity=0, autoclobber=True)
        call_command("migrate", verbosity=0)
        connection.close()
        connection.settings_dict["OPTIONS"]["options"] = f"{options} -c role={APPLICATION}"
    yield
    with django_db_blocker.unblock():
        connection.close()
        connection.settings_dict["OPTIONS"]["options"] = options
        connection.creation.destroy_test_db(name, verbosity=0)


def _flush_as_owner(_case: TransactionTestCase) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f'SET ROLE "{OWNER}"')
        cursor.execute(
            "SELECT string_agg(quote_ident(tablename), ', ') FROM pg_tables WHERE schemaname = 'public'"
            " AND tablename NOT IN ('django_migrations', 'django_content_type', 'auth_permission', 'lottery_prizecap')"
        )
        cursor.execute(f"TRUNCATE {cursor.fetchone()[0]} RESTART IDENTITY CASCADE")
        cursor.execute(f'SET ROLE "{APPLICATION}"')


@pytest.fixture(scope="session", autouse=True)
def _owner_flushes() -> Iterator[None]:
    """After a test with committed transactions the owner empties the tables: the application may not."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", _flush_as_owner)
        yield


@pytest.fixture(scope="session", autouse=True)
def site_keys(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keys of the tests' own, wherever the environment says that the site's lie."""
    folder = tmp_path_factory.mktemp("keys")
    create_key_file(folder / "pin.key")
    (folder / "signing.key").write_bytes(SigningKey.generate().to_pem())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(settings, "PIN_KEY_FILE", folder / "pin.key")
        patch.setattr(settings, "SIGNING_KEY_FILE", folder / "signing.key")
        patch.setattr(settings, "KEYRING_DIR", folder / "ring")
        yield


@pytest.fixture(scope="session", autouse=True)
def _static_root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Static files come from the finders; whitenoise warns where the folder of collected ones is not there at all."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(settings, "STATIC_ROOT", tmp_path_factory.mktemp("static"))
        yield


@pytest.fixture
def unbalanced() -> None:
    """Asked for by a test that plants a breach and looks for it itself."""


@pytest.fixture(autouse=True)
def books_balance(request: pytest.FixtureRequest) -> Iterator[None]:
    """After every test that used the database all invariants hold."""
    marker = request.node.get_closest_marker("django_db")
    transactional = "transactional_db" in request.fixturenames or bool(marker and marker.kwargs.get("transaction"))
    used = transactional or marker is not None or "db" in request.fixturenames
    if used:
        request.getfixturevalue("transactional_db" if transactional else "db")
    yield
    if used and "unbalanced" not in request.fixturenames:
        breaches = books.breaches(timezone.now())
        assert not breaches, "the books do not balance:\n" + "\n".join(breaches)


@pytest.fixture
def database_refuses() -> Callable[[str], AbstractContextManager[None]]:
    """`with database_refuses("constraint"):` the block fails by that constraint, trigger or missing privilege."""

    @contextmanager
    def refuses(constraint: str) -> Iterator[None]:
        with pytest.raises((IntegrityError, ProgrammingError)) as caught, transaction.atomic():  # noqa: PT012
            yield
            connection.check_constraints()
        cause: Any = caught.value.__cause__
        named, text = cause.diag.constraint_name, cause.diag.message_primary
        assert constraint in (named, text), f"refused by {named or text}, not by {constraint}"

    return refuses


@pytest.fixture
def race() -> Callable[[Callable[[int], Any], int], list[Any]]:
    """`race(work, count)`: threads start behind one barrier, each with its own connection; results or exceptions."""

    def run(work: Callable[[int], Any], count: int) -> list[Any]:
        barrier = threading.Barrier(count)
        results: list[Any] = [None] * count

        def body(number: int) -> None:
            try:
                connection.ensure_connection()
                barrier.wait(timeout=30)
                results[number] = work(number)
            except Exception as error:  # noqa: BLE001  the race's outcome is what is tested
                results[number] = error
            finally:
                connections.close_all()

        threads = [threading.Thread(target=body, args=(number,)) for number in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=120)
        assert not any(thread.is_alive() for thread in threads), "a racer never came home"
        return results

    return run
