"""The catalogue of gifts, their stock and codes, and what a holder chose."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """See the module."""

    dependencies = [
        ("cards", "0002_rules"),
        ("payouts", "0004_lines_to_look_at"),
        ("queueing", "0004_withdrawn_found"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Picture",
            fields=[
                ("sha256", models.CharField(max_length=64, primary_key=True, serialize=False, verbose_name="hash")),
                ("content", models.BinaryField(verbose_name="content")),
                ("width", models.PositiveSmallIntegerField(verbose_name="width")),
                ("height", models.PositiveSmallIntegerField(verbose_name="height")),
            ],
            options={
                "verbose_name": "picture",
                "verbose_name_plural": "pictures",
            },
        ),
        migrations.CreateModel(
            name="StockMove",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[("bought", "bought"), ("handed_over", "handed over"), ("lost", "lost")],
                        max_length=11,
                        verbose_name="kind",
                    ),
                ),
                ("pieces", models.IntegerField(verbose_name="pieces")),
                ("reference", models.CharField(max_length=64, verbose_name="reference")),
                ("at", models.DateTimeField(verbose_name="at")),
            ],
            options={
                "verbose_name": "stock move",
                "verbose_name_plural": "stock moves",
            },
        ),
        migrations.AddField(
            model_name="gift",
            name="choice",
            field=models.PositiveSmallIntegerField(default=0, verbose_name="choice"),
        ),
        migrations.AddField(
            model_name="gift",
            name="dealer",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="cards.dealer",
                verbose_name="dealer",
            ),
        ),
        migrations.AddField(
            model_name="gift",
            name="tracking",
            field=models.CharField(blank=True, max_length=40, verbose_name="tracking number"),
        ),
        migrations.AddField(
            model_name="gift",
            name="way",
            field=models.CharField(
                blank=True,
                choices=[("dealer", "at a dealer"), ("post", "by post"), ("code", "e-code")],
                max_length=6,
                verbose_name="way",
            ),
        ),
        migrations.CreateModel(
            name="Offer",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("position", models.PositiveSmallIntegerField(default=0, verbose_name="position")),
                ("name", models.CharField(max_length=80, verbose_name="name")),
                ("name_zh", models.CharField(max_length=80, verbose_name="name in Chinese")),
                ("about", models.CharField(blank=True, max_length=300, verbose_name="description")),
                ("about_zh", models.CharField(blank=True, max_length=300, verbose_name="description in Chinese")),
                (
                    "cost_minor",
                    models.BigIntegerField(
                        help_text="In minor units (cents, fen); at most the program's gift cost.",
                        verbose_name="cost of one",
                    ),
                ),
                ("at_dealer", models.BooleanField(default=True, verbose_name="handed over at a dealer")),
                ("by_post", models.BooleanField(default=False, verbose_name="sent by post")),
                ("by_code", models.BooleanField(default=False, verbose_name="an e-code")),
                ("active", models.BooleanField(default=True, verbose_name="on offer")),
                ("stock", models.PositiveIntegerField(default=0, editable=False, verbose_name="stock")),
                ("reserved", models.PositiveIntegerField(default=0, editable=False, verbose_name="reserved")),
                (
                    "program",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="cards.program",
                        verbose_name="program",
                    ),
                ),
                (
                    "substitute",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        help_text="Given instead of this one where it was chosen and cannot be had any more.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="payouts.offer",
                        verbose_name="substitute",
                    ),
                ),
            ],
            options={
                "verbose_name": "gift on offer",
                "verbose_name_plural": "gifts on offer",
            },
        ),
        migrations.CreateModel(
            name="ECode",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("digest", models.BinaryField(max_length=32, verbose_name="digest")),
                ("code", models.BinaryField(verbose_name="sealed code")),
                ("code_key", models.BinaryField(verbose_name="wrapped key")),
                (
                    "epoch",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="queueing.keyepoch",
                        verbose_name="epoch",
                    ),
                ),
                (
                    "gift",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="payouts.gift",
                        verbose_name="gift",
                    ),
                ),
                (
                    "offer",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="payouts.offer",
                        verbose_name="gift on offer",
                    ),
                ),
            ],
            options={
                "verbose_name": "e-code",
                "verbose_name_plural": "e-codes",
            },
        ),
        migrations.AddField(
            model_name="gift",
            name="offer",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="payouts.offer",
                verbose_name="gift on offer",
            ),
        ),
        migrations.AddIndex(
            model_name="gift",
            index=models.Index(
                condition=models.Q(("state__in", ["owed", "chosen", "ready"])),
                fields=["program", "state", "since"],
                name="payouts_gift_open",
            ),
        ),
        migrations.AddIndex(
            model_name="gift",
            index=models.Index(
                condition=models.Q(("state__in", ["chosen", "ready"])),
                fields=["dealer", "award"],
                name="payouts_gift_counter",
            ),
        ),
        migrations.AddConstraint(
            model_name="gift",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("dealer", None), ("offer", None), ("state__in", ["owed", "lapsed"]), ("way", "")),
                    models.Q(
                        ("offer__isnull", False),
                        ("state__in", ["chosen", "ready", "handed_over"]),
                        models.Q(("way", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="payouts_gift_chosen_has_an_offer",
            ),
        ),
        migrations.AddConstraint(
            model_name="gift",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("dealer__isnull", False), ("way", "dealer")),
                    models.Q(("way__in", ["", "post", "code"]), ("dealer", None)),
                    _connector="OR",
                ),
                name="payouts_gift_dealer_where_collected",
            ),
        ),
        migrations.AddConstraint(
            model_name="gift",
            constraint=models.CheckConstraint(
                condition=models.Q(("tracking", ""), models.Q(("state", "ready"), ("way", "post")), _connector="OR"),
                name="payouts_gift_tracked_while_posted",
            ),
        ),
        migrations.AddConstraint(
            model_name="picture",
            constraint=models.CheckConstraint(
                condition=models.Q(("sha256__regex", "^[0-9a-f]{64}$")), name="payouts_picture_hash_hex"
            ),
        ),
        migrations.AddField(
            model_name="offer",
            name="picture",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="payouts.picture",
                verbose_name="picture",
            ),
        ),
        migrations.AddField(
            model_name="stockmove",
            name="by",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="stockmove",
            name="offer",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="payouts.offer",
                verbose_name="gift on offer",
            ),
        ),
        migrations.AddIndex(
            model_name="ecode",
            index=models.Index(condition=models.Q(("gift", None)), fields=["offer", "id"], name="payouts_ecode_free"),
        ),
        migrations.AddConstraint(
            model_name="ecode",
            constraint=models.UniqueConstraint(fields=("offer", "digest"), name="payouts_ecode_once"),
        ),
        migrations.AddConstraint(
            model_name="offer",
            constraint=models.UniqueConstraint(fields=("program", "name"), name="payouts_offer_name_once"),
        ),
        migrations.AddConstraint(
            model_name="offer",
            constraint=models.CheckConstraint(
                condition=models.Q(("cost_minor__gte", 0)), name="payouts_offer_cost_not_negative"
            ),
        ),
        migrations.AddConstraint(
            model_name="offer",
            constraint=models.CheckConstraint(
                condition=models.Q(("reserved__lte", models.F("stock"))), name="payouts_offer_reserved_within_stock"
            ),
        ),
        migrations.AddConstraint(
            model_name="offer",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("at_dealer", False), ("by_code", True), ("by_post", False)),
                    models.Q(("by_code", False), models.Q(("at_dealer", True), ("by_post", True), _connector="OR")),
                    _connector="OR",
                ),
                name="payouts_offer_has_a_way",
            ),
        ),
        migrations.AddConstraint(
            model_name="offer",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("substitute", None), models.Q(("substitute", models.F("id")), _negated=True), _connector="OR"
                ),
                name="payouts_offer_substitute_another",
            ),
        ),
        migrations.AddConstraint(
            model_name="stockmove",
            constraint=models.UniqueConstraint(fields=("kind", "reference"), name="payouts_stockmove_once"),
        ),
        migrations.AddConstraint(
            model_name="stockmove",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "bought"), ("pieces__gt", 0)),
                    models.Q(("kind__in", ["handed_over", "lost"]), ("pieces__lt", 0)),
                    _connector="OR",
                ),
                name="payouts_stockmove_sign",
            ),
        ),
    ]
