"""Balances, floors and append-only transfers, kept by the database."""

from pathlib import Path

from django.db import migrations

HERE = Path(__file__).parent


class Migration(migrations.Migration):
    """Balances, floors and append-only transfers, kept by the database."""

    dependencies = [("ledger", "0001_initial")]
    operations = [
        migrations.RunSQL(
            (HERE / "0002_books.sql").read_text(encoding="utf-8"),
            (HERE / "0002_books_reverse.sql").read_text(encoding="utf-8"),
        )
    ]
