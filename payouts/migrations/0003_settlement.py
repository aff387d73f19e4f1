"""Tallies of the registers, what two people decide about a payout, and what more is kept of a bank's answer."""

from pathlib import Path

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

HERE = Path(__file__).parent


class Migration(migrations.Migration):
    """See the module."""

    dependencies = [
        ("cards", "0002_rules"),
        ("payouts", "0002_rules"),
        ("queueing", "0002_rules"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Resolution",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "verdict",
                    models.CharField(
                        choices=[
                            ("paid", "it was paid"),
                            ("not_paid", "it was not paid"),
                            ("cancel", "cancel the award"),
                        ],
                        max_length=8,
                        verbose_name="verdict",
                    ),
                ),
                (
                    "evidence",
                    models.CharField(
                        help_text="A statement, a letter of the bank, a decision. No personal data.",
                        max_length=200,
                        verbose_name="evidence",
                    ),
                ),
                ("prepared_at", models.DateTimeField(verbose_name="prepared at")),
                ("approved_at", models.DateTimeField(blank=True, null=True, verbose_name="approved at")),
            ],
            options={
                "verbose_name": "resolution",
                "verbose_name_plural": "resolutions",
            },
        ),
        migrations.CreateModel(
            name="Tally",
            fields=[
                (
                    "program",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="cards.program",
                        verbose_name="program",
                    ),
                ),
                ("pending", models.BigIntegerField(default=0, verbose_name="pending")),
                ("pending_minor", models.BigIntegerField(default=0, verbose_name="pending amount")),
                ("refunded", models.BigIntegerField(default=0, verbose_name="refunded")),
                ("refunded_minor", models.BigIntegerField(default=0, verbose_name="refunded amount")),
                ("gifts_owed", models.BigIntegerField(default=0, verbose_name="gifts not handed over")),
            ],
            options={
                "verbose_name": "tally",
                "verbose_name_plural": "tallies",
            },
        ),
        migrations.AddField(
            model_name="attempt",
            name="booking_reference",
            field=models.CharField(blank=True, max_length=35, verbose_name="bank's reference of the booking"),
        ),
        migrations.AddField(
            model_name="bankline",
            name="entry_reference",
            field=models.CharField(blank=True, max_length=35, verbose_name="bank's reference"),
        ),
        migrations.AddField(
            model_name="bankline",
            name="original_message_id",
            field=models.CharField(blank=True, max_length=35, verbose_name="payment file"),
        ),
        migrations.AddField(
            model_name="bankline",
            name="verdict",
            field=models.CharField(default="other", max_length=9, verbose_name="verdict"),
        ),
        migrations.AddField(
            model_name="collection",
            name="cash_awards",
            field=models.BigIntegerField(default=0, verbose_name="cash awards of those cycles"),
        ),
        migrations.AddField(
            model_name="collection",
            name="gift_awards",
            field=models.BigIntegerField(default=0, verbose_name="gift awards of those cycles"),
        ),
        migrations.AddField(
            model_name="release",
            name="over_payee_limit",
            field=models.PositiveIntegerField(default=0, verbose_name="payouts to payees over the limit"),
        ),
        migrations.AlterField(
            model_name="bankfile",
            name="sha256",
            field=models.CharField(max_length=64, verbose_name="hash"),
        ),
        migrations.AddIndex(
            model_name="attempt",
            index=models.Index(
                condition=models.Q(("state__in", ["sent", "accepted"])), fields=["sent_at"], name="payouts_attempt_open"
            ),
        ),
        migrations.AddConstraint(
            model_name="bankfile",
            constraint=models.UniqueConstraint(
                condition=models.Q(("reason", "doubled"), _negated=True),
                fields=("sha256",),
                name="payouts_bankfile_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="bankline",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("verdict__in", ["accepted", "pending", "refused", "paid", "returned", "duplicate", "other"])
                ),
                name="payouts_bankline_verdict_known",
            ),
        ),
        migrations.AddField(
            model_name="resolution",
            name="approved_by",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="approved by",
            ),
        ),
        migrations.AddField(
            model_name="resolution",
            name="award",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="queueing.award",
                verbose_name="award",
            ),
        ),
        migrations.AddField(
            model_name="resolution",
            name="prepared_by",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="prepared by",
            ),
        ),
        migrations.AddConstraint(
            model_name="resolution",
            constraint=models.CheckConstraint(
                condition=models.Q(("verdict__in", ["paid", "not_paid", "cancel"])),
                name="payouts_resolution_verdict_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="resolution",
            constraint=models.CheckConstraint(
                condition=models.Q(("evidence", ""), _negated=True), name="payouts_resolution_has_evidence"
            ),
        ),
        migrations.AddConstraint(
            model_name="resolution",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("approved_at", None), ("approved_by", None)),
                    models.Q(
                        ("approved_at__isnull", False),
                        ("approved_by__isnull", False),
                        models.Q(("approved_by", models.F("prepared_by")), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="payouts_resolution_two_people",
            ),
        ),
        migrations.AddConstraint(
            model_name="resolution",
            constraint=models.UniqueConstraint(
                condition=models.Q(("approved_at", None)), fields=("award",), name="payouts_resolution_one_open"
            ),
        ),
        migrations.RunSQL(
            (HERE / "0003_tallies.sql").read_text(encoding="utf-8"),
            (HERE / "0003_tallies_reverse.sql").read_text(encoding="utf-8"),
        ),
    ]
