"""A program that was closed is not published again, and one that was settled stays so."""

from pathlib import Path

from django.db import migrations

HERE = Path(__file__).parent


class Migration(migrations.Migration):
    """See the module."""

    dependencies = [("cards", "0002_rules")]
    operations = [
        migrations.RunSQL(
            (HERE / "0003_no_way_back.sql").read_text(encoding="utf-8"),
            (HERE / "0003_no_way_back_reverse.sql").read_text(encoding="utf-8"),
        )
    ]
