"""What a draw has paid, and the line has not come to, is kept for the verdict alone, which then knows."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """See the module."""

    dependencies = [
        ("queueing", "0005_ended_award"),
    ]

    operations = [
        migrations.RunSQL("SET LOCAL lock_timeout = '5s'", migrations.RunSQL.noop),
        migrations.AddField(
            model_name="holderdetails",
            name="kept_for_verdict",
            field=models.BooleanField(db_default=False, default=False, verbose_name="kept for the verdict alone"),
        ),
        migrations.AddConstraint(
            model_name="holderdetails",
            constraint=models.CheckConstraint(
                condition=models.Q(("kept_for_verdict", False), ("payee__isnull", False), _connector="OR"),
                name="queueing_holderdetails_kept_payee",
            ),
        ),
    ]
