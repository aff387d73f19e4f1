"""What the database refuses about programs, batches, cards and lots."""

from pathlib import Path

from django.db import migrations

HERE = Path(__file__).parent


class Migration(migrations.Migration):
    """What the database refuses about programs, batches, cards and lots."""

    dependencies = [("cards", "0001_initial")]
    operations = [
        migrations.RunSQL(
            (HERE / "0002_rules.sql").read_text(encoding="utf-8"),
            (HERE / "0002_rules_reverse.sql").read_text(encoding="utf-8"),
        )
    ]
