"""Plant what nothing lets through, to see whether the books find it. Undone with the test's transaction."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

from tests.conftest import APPLICATION, OWNER

UNGUARDED = """
DO $$
DECLARE
    guard record;
BEGIN
    FOR guard IN SELECT conrelid::regclass AS relation, conname FROM pg_constraint
                  WHERE contype = 'f' AND connamespace = 'public'::regnamespace LOOP
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', guard.relation, guard.conname);
    END LOOP;
    FOR guard IN SELECT DISTINCT tgrelid::regclass AS relation FROM pg_trigger WHERE NOT tgisinternal LOOP
        EXECUTE format('ALTER TABLE %s DISABLE TRIGGER USER', guard.relation);
    END LOOP;
END $$
"""
GUARDED = """
DO $$
DECLARE
    guard record;
BEGIN
    FOR guard IN SELECT DISTINCT tgrelid::regclass AS relation FROM pg_trigger WHERE NOT tgisinternal LOOP
        EXECUTE format('ALTER TABLE %s ENABLE TRIGGER USER', guard.relation);
    END LOOP;
END $$
"""


@contextmanager
def as_owner() -> Iterator[None]:
    """What the application may not do, done by the owner without triggers and foreign keys."""
    assert connection.in_atomic_block, "the foreign keys come back with the test's rollback"
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(f'SET ROLE "{OWNER}"')
        cursor.execute(UNGUARDED)
        yield
        cursor.execute(GUARDED)
        cursor.execute(f'SET ROLE "{APPLICATION}"')
