"""What else the database refuses about draws: a secret before the figures, a winner passed over, an early end."""

from datetime import timedelta
from pathlib import Path

from django.db import migrations, models

HERE = Path(__file__).parent


class Migration(migrations.Migration):
    """What else the database refuses about draws: a secret before the figures, a winner passed over, an early end."""

    dependencies = [("lottery", "0002_rules"), ("queueing", "0007_delivery")]
    operations = [
        migrations.AddConstraint(
            model_name="draw",
            constraint=models.CheckConstraint(
                condition=models.Q(("state", "void"), _negated=True)
                | models.Q(("ended_at__lt", models.F("freezes_at"))),
                name="lottery_draw_void_before_the_freeze",
            ),
        ),
        migrations.AddConstraint(
            model_name="draw",
            constraint=models.CheckConstraint(
                condition=models.Q(("state", "not_completed"), _negated=True)
                | models.Q(("ended_at__gte", models.F("reveals_at") + timedelta(days=7)))
                | models.Q(("ended_at__gte", models.F("freezes_at")), ("frozen_at", None)),
                name="lottery_draw_not_completed_in_time",
            ),
        ),
        migrations.RunSQL(
            (HERE / "0003_fairness.sql").read_text(encoding="utf-8"),
            (HERE / "0003_fairness_reverse.sql").read_text(encoding="utf-8"),
        ),
    ]
