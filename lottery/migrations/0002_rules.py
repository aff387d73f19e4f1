"""What the database refuses about draws: steps out of turn, changes after the announcement, second runs."""

from pathlib import Path

from django.db import migrations

HERE = Path(__file__).parent


class Migration(migrations.Migration):
    """What the database refuses about draws: steps out of turn, changes after the announcement, second runs."""

    dependencies = [("lottery", "0001_initial"), ("queueing", "0002_rules")]
    operations = [
        migrations.RunSQL(
            (HERE / "0002_rules.sql").read_text(encoding="utf-8"),
            (HERE / "0002_rules_reverse.sql").read_text(encoding="utf-8"),
        )
    ]
