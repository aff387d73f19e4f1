"""Find what a registration was kept out of."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """The status page tells a holder whose card was declared."""

    dependencies = [("lottery", "0003_fairness")]
    operations = [
        migrations.AddIndex(
            model_name="excluded",
            index=models.Index(fields=["registration"], name="lottery_excluded_registration"),
        ),
    ]
