"""Own money that two people move; how far a check of the books has come."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """Own money that two people move; how far a check of the books has come."""

    dependencies = [
        ("ledger", "0004_check_by_schedule"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="bookscheck",
            name="marks",
            field=models.JSONField(default=dict, verbose_name="checked up to"),
        ),
        migrations.AddField(
            model_name="bookscheck",
            name="whole",
            field=models.BooleanField(default=True, verbose_name="from the beginning"),
        ),
        migrations.CreateModel(
            name="Movement",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("prepared_at", models.DateTimeField(verbose_name="prepared at")),
                ("approved_at", models.DateTimeField(blank=True, null=True, verbose_name="approved at")),
                ("called_off_at", models.DateTimeField(blank=True, null=True, verbose_name="called off at")),
                (
                    "event",
                    models.CharField(
                        choices=[
                            ("capital_in", "organizer's money in"),
                            ("surplus_out", "surplus out"),
                            ("bank_fee", "bank fee"),
                        ],
                        max_length=20,
                        verbose_name="what",
                    ),
                ),
                ("currency", models.CharField(max_length=3, verbose_name="currency")),
                ("amount_minor", models.BigIntegerField(verbose_name="amount")),
                ("reference", models.CharField(max_length=64, verbose_name="bank reference")),
                (
                    "approved_by",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="approved by",
                    ),
                ),
                (
                    "called_off_by",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="called off by",
                    ),
                ),
                (
                    "prepared_by",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="prepared by",
                    ),
                ),
            ],
            options={
                "verbose_name": "movement of own money",
                "verbose_name_plural": "own money in and out",
                "abstract": False,
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("approved_at", None), ("approved_by", None)),
                            models.Q(
                                ("approved_at__isnull", False),
                                ("approved_by__isnull", False),
                                ("called_off_at", None),
                                models.Q(("approved_by", models.F("prepared_by")), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="ledger_movement_two_people",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("called_off_at", None), ("called_off_by", None)),
                            models.Q(("called_off_at__isnull", False), ("called_off_by__isnull", False)),
                            _connector="OR",
                        ),
                        name="ledger_movement_called_off_has_its_time",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("event__in", ("capital_in", "surplus_out", "bank_fee"))),
                        name="ledger_movement_event_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("amount_minor__gt", 0)), name="ledger_movement_amount_positive"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("currency__regex", "^[A-Z]{3}$")), name="ledger_movement_currency_iso"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("reference", ""), _negated=True), name="ledger_movement_has_a_reference"
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("called_off_at", None)),
                        fields=("event", "reference"),
                        name="ledger_movement_once",
                    ),
                ],
            },
        ),
    ]
