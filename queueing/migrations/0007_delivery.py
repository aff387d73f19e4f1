"""The delivery of a gift, sealed beside payee and contact; a row may hold it alone, under its own time."""

from django.db import migrations, models

SEALED = ("delivery", "delivery_key")
STATISTICS_OFF = ", ".join(f"ALTER COLUMN {column} SET STATISTICS 0" for column in SEALED)


class Migration(migrations.Migration):
    """See the module."""

    dependencies = [("queueing", "0006_kept_for_verdict")]

    operations = [
        migrations.RunSQL("SET LOCAL lock_timeout = '5s'", migrations.RunSQL.noop),
        migrations.AddField("holderdetails", "delivery", models.BinaryField("sealed delivery of a gift", null=True)),
        migrations.AddField(
            "holderdetails", "delivery_key", models.BinaryField("wrapped key of the delivery", null=True)
        ),
        migrations.AddField(
            "holderdetails", "delivery_erase_by", models.DateTimeField("delivery erased by", null=True)
        ),
        # Statistics would be a second store.
        migrations.RunSQL(f"ALTER TABLE queueing_holderdetails {STATISTICS_OFF}", migrations.RunSQL.noop),
        migrations.AddIndex(
            "holderdetails",
            models.Index(
                fields=["delivery_erase_by"],
                condition=models.Q(("delivery_erase_by__isnull", False)),
                name="queueing_holderdetails_gift",
            ),
        ),
        migrations.AddConstraint(
            "holderdetails",
            models.CheckConstraint(
                condition=models.Q(("delivery", None), ("delivery_erase_by", None), ("delivery_key", None))
                | models.Q(
                    ("delivery__isnull", False), ("delivery_erase_by__isnull", False), ("delivery_key__isnull", False)
                ),
                name="queueing_holderdetails_delivery_whole",
            ),
        ),
        migrations.RemoveConstraint("holderdetails", "queueing_holderdetails_something_held"),
        migrations.AddConstraint(
            "holderdetails",
            models.CheckConstraint(
                condition=models.Q(("payee__isnull", False))
                | models.Q(("contact__isnull", False))
                | models.Q(("delivery__isnull", False)),
                name="queueing_holderdetails_something_held",
            ),
        ),
        migrations.AddConstraint(
            "holderdetails",
            models.CheckConstraint(
                condition=models.Q(("payee__isnull", False))
                | models.Q(("contact__isnull", False))
                | models.Q(("delivery_erase_by", models.F("erase_by"))),
                name="queueing_holderdetails_delivery_alone",
            ),
        ),
        migrations.RemoveConstraint("erasure", "queueing_erasure_what_known"),
        migrations.AddConstraint(
            "erasure",
            models.CheckConstraint(
                condition=models.Q(("what__in", ["payee", "contact", "payee_and_contact", "delivery"])),
                name="queueing_erasure_what_known",
            ),
        ),
    ]
