"""Bank lines that somebody has to look at get an index of their own."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """See the module."""

    dependencies = [
        ("payouts", "0003_settlement"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="bankline",
            index=models.Index(
                condition=models.Q(("outcome__in", ["unknown", "contradicts"])),
                fields=["id"],
                name="payouts_bankline_report",
            ),
        ),
    ]
