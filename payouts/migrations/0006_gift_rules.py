"""What the database refuses about gifts, and since when a program's holders have something to choose."""

from pathlib import Path

import django.db.models.deletion
from django.db import migrations, models

HERE = Path(__file__).parent


class Migration(migrations.Migration):
    """See the module."""

    dependencies = [("cards", "0002_rules"), ("payouts", "0005_gifts")]

    operations = [
        migrations.CreateModel(
            name="Offering",
            fields=[
                (
                    "program",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="cards.program",
                        verbose_name="program",
                    ),
                ),
                ("since", models.DateTimeField(blank=True, null=True, verbose_name="since")),
            ],
            options={"verbose_name": "offering", "verbose_name_plural": "offerings"},
        ),
        migrations.RunSQL(
            (HERE / "0006_gift_rules.sql").read_text(encoding="utf-8"),
            (HERE / "0006_gift_rules_reverse.sql").read_text(encoding="utf-8"),
        ),
    ]
