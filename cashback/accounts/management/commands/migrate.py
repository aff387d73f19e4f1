"""`migrate` as the owner, followed by the application role's privileges."""

from pathlib import Path
from typing import Any

import dj_database_url
from django.apps import apps
from django.conf import settings
from django.core.management.commands import migrate
from django.db import connection, transaction

# Triggers read tables by name: nobody may put another of that name before it, in a schema of the session or in ours.
GRANT = """
REVOKE TEMPORARY ON DATABASE {database} FROM PUBLIC;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO {application};
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {application};
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {application};
REVOKE INSERT, UPDATE, DELETE ON django_migrations FROM {application};
"""


class Command(migrate.Command):
    """Migrate through MIGRATION_DATABASE_URL, then grant the application role what each app's privileges.sql leaves."""

    def handle(self, *args: Any, **options: Any) -> None:
        """Run Django's migrate as the owner and settle privileges in one transaction."""
        connect_as_owner()
        super().handle(*args, **options)
        grant_privileges()


def connect_as_owner() -> None:
    """Point this process's connection at the owner's role; a test run already logs in as the owner."""
    owner = dj_database_url.parse(settings.MIGRATION_DATABASE_URL)
    changed = {"USER": owner["USER"], "PASSWORD": owner["PASSWORD"], "HOST": owner["HOST"], "PORT": owner["PORT"]}
    connection.close()
    connection.settings_dict.update(changed)
    connection.settings_dict["OPTIONS"] = {
        name: value for name, value in connection.settings_dict["OPTIONS"].items() if name != "options"
    }


def grant_privileges() -> None:
    """Grant the application role its privileges. Needs the owner's connection."""
    application = connection.ops.quote_name(dj_database_url.parse(settings.DATABASE_URL)["USER"])
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.settings_dict["USER"] == dj_database_url.parse(settings.DATABASE_URL)["USER"]:
            return
        database = connection.ops.quote_name(connection.settings_dict["NAME"])
        cursor.execute(GRANT.format(application=application, database=database))
        for config in apps.get_app_configs():
            path = Path(config.path) / "sql" / "privileges.sql"
            if path.exists():
                cursor.execute(path.read_text(encoding="utf-8").format(application=application))
