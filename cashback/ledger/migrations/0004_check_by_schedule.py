"""Whether the schedule or a person had the books checked."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """Whether the schedule or a person had the books checked."""

    dependencies = [("ledger", "0003_statement_and_checks")]
    operations = [
        migrations.AddField(
            model_name="bookscheck",
            name="by_schedule",
            field=models.BooleanField(default=False, verbose_name="by the schedule"),
        ),
    ]
