"""Where a dealer's counter is."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """See the module."""

    dependencies = [
        ("cards", "0004_wallet_payouts"),
    ]

    operations = [
        migrations.AddField(
            model_name="dealer",
            name="address",
            field=models.CharField(
                blank=True,
                help_text="Of the counter, where holders fetch gifts.",
                max_length=200,
                verbose_name="address",
            ),
        ),
    ]
