"""`simulate`: the whole life of some cards in a scratch database, of which nothing is left."""

import os
import subprocess
import sys
from contextlib import closing

import dj_database_url
import psycopg2
from django.conf import settings

from cashback.env import ROOT


def _databases() -> set[str]:
    known = dj_database_url.parse(settings.MIGRATION_DATABASE_URL)
    connection = psycopg2.connect(
        dbname="postgres", user=known["USER"], password=known["PASSWORD"], host=known["HOST"], port=known["PORT"]
    )
    with closing(connection), connection.cursor() as cursor:
        cursor.execute("SELECT datname FROM pg_database WHERE datname LIKE 'simulate_%'")
        return {name for (name,) in cursor.fetchall()}


def test_a_hundred_cards_live_their_life_and_the_scratch_database_goes() -> None:
    environment = {
        **os.environ,
        "DATABASE_URL": settings.DATABASE_URL,
        "MIGRATION_DATABASE_URL": f"{settings.MIGRATION_DATABASE_URL.rsplit('/', 1)[0]}/postgres",
    }
    command = [sys.executable, "manage.py", "simulate", "--cards", "100", "--seed", "7"]
    done = subprocess.run(command, check=False, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "100 cards, 2 cycles closed" in done.stdout
    assert "the books balance" in done.stdout
    assert _databases() == set()


def test_a_count_out_of_range_is_named() -> None:
    command = [sys.executable, "manage.py", "simulate", "--cards", "0"]
    done = subprocess.run(command, check=False, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "--cards" in done.stderr
