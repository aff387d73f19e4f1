"""Let the rules of draws read the tables they are about, whatever the session has put before them."""

from django.db import migrations

# A temporary table of the same name would be found first, and say what its maker likes.
FIXED = """
DO $$
DECLARE
    rule record;
BEGIN
    FOR rule IN SELECT oid::regprocedure AS signature FROM pg_proc
                 WHERE pronamespace = 'public'::regnamespace AND starts_with(proname, 'lottery_') LOOP
        EXECUTE format('ALTER FUNCTION %s {change}', rule.signature);
    END LOOP;
END $$
"""


class Migration(migrations.Migration):
    """Fix the search path of the functions behind the triggers of draws."""

    dependencies = [("lottery", "0004_excluded_by_registration")]
    operations = [
        migrations.RunSQL(
            FIXED.replace("{change}", "SET search_path = public, pg_temp"),
            FIXED.replace("{change}", "RESET search_path"),
        )
    ]
