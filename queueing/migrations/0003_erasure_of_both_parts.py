"""Make room for "payee_and_contact", which has 17 characters."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """Make room for "payee_and_contact", which has 17 characters."""

    dependencies = [("queueing", "0002_rules")]
    operations = [
        migrations.RunSQL("SET LOCAL lock_timeout = '5s'", migrations.RunSQL.noop),
        migrations.AlterField("erasure", "what", models.CharField("what", max_length=17)),
    ]
