"""A draw learns from below which of its awards ended unpaid."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """See the module."""

    dependencies = [
        ("queueing", "0004_withdrawn_found"),
    ]

    operations = [
        migrations.CreateModel(
            name="EndedAward",
            fields=[
                (
                    "award",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="queueing.award",
                        verbose_name="award",
                    ),
                ),
                ("reason", models.CharField(max_length=40, verbose_name="reason")),
                ("ended_at", models.DateTimeField(verbose_name="ended at")),
            ],
            options={
                "verbose_name": "ended award",
                "verbose_name_plural": "ended awards",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("reason", ""), _negated=True), name="queueing_endedaward_has_a_reason"
                    )
                ],
            },
        ),
    ]
