"""The head of a program's line."""

from django.db import connection


def ensure_line(program_id: int) -> None:
    """Make the line of a published program where it is missing; nobody can have registered before publishing."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO queueing_line (program_id, cut_at, head_at, head_id, placed, cycles_closed, paid_through,"
            " settled_at)"
            " SELECT id, published_at, published_at, 0, 0, 0, 0, published_at FROM cards_program"
            " WHERE id = %s AND published_at IS NOT NULL"
            " ON CONFLICT DO NOTHING",
            [program_id],
        )
