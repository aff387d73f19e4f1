"""Indexes for a wallet's statement, and the results of checks of the books."""

from django.db import migrations, models

WALLET_EVENTS = ("payment_confirmed", "lot_sold", "lot_returned", "wallet_paid_out", "correction")


class Migration(migrations.Migration):
    """Indexes for a wallet's statement, and the results of checks of the books."""

    dependencies = [("ledger", "0002_books")]
    operations = [
        migrations.RunSQL("SET LOCAL lock_timeout = '5s'", migrations.RunSQL.noop),
        migrations.AddIndex(
            model_name="transfer",
            index=models.Index(
                condition=models.Q(("event__in", WALLET_EVENTS)),
                fields=["credit", "id"],
                name="ledger_transfer_wallet_in",
            ),
        ),
        migrations.AddIndex(
            model_name="transfer",
            index=models.Index(
                condition=models.Q(("event__in", WALLET_EVENTS)),
                fields=["debit", "id"],
                name="ledger_transfer_wallet_out",
            ),
        ),
        migrations.CreateModel(
            name="BooksCheck",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("checked_at", models.DateTimeField(verbose_name="checked at")),
                ("took_ms", models.PositiveIntegerField(verbose_name="took, in milliseconds")),
                ("rules", models.PositiveSmallIntegerField(verbose_name="rules")),
                ("breaches", models.JSONField(default=list, verbose_name="breaches")),
            ],
            options={"verbose_name": "check of the books", "verbose_name_plural": "checks of the books"},
        ),
    ]
