"""What the database refuses about stations, errands and runs: steps backwards, results nobody reported."""

from pathlib import Path

from django.db import migrations

HERE = Path(__file__).parent


class Migration(migrations.Migration):
    """What the database refuses about stations, errands and runs: steps backwards, results nobody reported."""

    dependencies = [("centre", "0001_initial")]
    operations = [
        migrations.RunSQL(
            (HERE / "0002_rules.sql").read_text(encoding="utf-8"),
            (HERE / "0002_rules_reverse.sql").read_text(encoding="utf-8"),
        )
    ]
