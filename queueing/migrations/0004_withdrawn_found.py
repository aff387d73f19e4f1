"""Whoever pays and gives finds the withdrawn without reading every registration."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """See the module."""

    dependencies = [
        ("cards", "0002_rules"),
        ("queueing", "0003_erasure_of_both_parts"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="registration",
            index=models.Index(
                condition=models.Q(("withdrawn_at__isnull", False)),
                fields=["withdrawn_at"],
                name="queueing_registration_withdrew",
            ),
        ),
    ]
