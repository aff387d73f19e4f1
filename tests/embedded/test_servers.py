"""PostgreSQL and Redis of one machine, as real processes."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psycopg2
import pytest

from cashback.embedded.house import House, HouseError
from cashback.embedded.processes import is_alive, servers_of
from cashback.env import ROOT
from tests.embedded.sites import Site, kill_nine, wait_gone

CONNECT = "import os, psycopg2; c = psycopg2.connect(os.environ['DATABASE_URL']); k = c.cursor(); "
OWNER = "import os, psycopg2; c = psycopg2.connect(os.environ['MIGRATION_DATABASE_URL']); k = c.cursor(); "
PING = "import os, redis; r = redis.Redis.from_url(os.environ['REDIS_URL']); r.ping(); "


def test_a_command_gets_both_servers_and_its_exit_code_is_passed_on(site: Site) -> None:
    done = site.python(CONNECT + "k.execute('SELECT current_user'); print(k.fetchone()[0]);" + PING + "exit(7)")
    assert done.returncode == 7, done.stderr
    assert done.stdout.strip() == "cashback_app"
    assert site.servers() == []


def test_scratch_servers_leave_nothing_behind(site: Site) -> None:
    done = site.python("import os; print(os.environ['VAR'])", "--scratch")
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.strip()).parent == site.var / "scratch"
    assert list((site.var / "scratch").iterdir()) == []


def test_everything_in_var_is_closed_to_others_and_nothing_else_is_written(site: Site) -> None:
    shared_memory = set(os.listdir("/dev/shm"))
    site.home.chmod(0o500)
    assert site.python(CONNECT).returncode == 0
    files = ("env", "passwords.json", "ports.json", "keys/pin.key", "keys/signing.key", "keys/bank-inbox.txt")
    assert {name: oct((site.var / name).stat().st_mode & 0o777) for name in files} == dict.fromkeys(files, "0o600")
    for folder in ("", "postgres", "redis", "run", "keys", "log", "bank-simulator"):
        assert (site.var / folder).stat().st_mode & 0o077 == 0, folder
    assert list(site.home.iterdir()) == []
    assert {name for name in set(os.listdir("/dev/shm")) - shared_memory if name.startswith("PostgreSQL")} == set()


def test_passwords_are_asked_of_everybody_and_stand_on_no_command_line(site: Site) -> None:
    holder = site.hold()
    try:
        passwords = json.loads((site.var / "passwords.json").read_text())
        pids = [holder.pid, *site.servers()]
        lines = b"".join(Path(f"/proc/{pid}/cmdline").read_bytes() for pid in pids if is_alive(pid))
        assert not any(password.encode() in lines for password in passwords.values())
        url = House(site.var).read_env()["DATABASE_URL"]
        for user in ("postgres", "cashback_owner", "cashback_app"):
            with pytest.raises(psycopg2.OperationalError, match="password"):
                psycopg2.connect(url, user=user, password="guess", dbname="postgres")
        with psycopg2.connect(url, user="postgres", password=passwords["postgres"], dbname="postgres") as session:
            cursor = session.cursor()
            cursor.execute("SELECT count(*) FROM pg_hba_file_rules WHERE auth_method <> 'scram-sha-256'")
            assert cursor.fetchone() == (0,)
            cursor.execute("SELECT rolname FROM pg_roles WHERE rolsuper")
            assert cursor.fetchall() == [("postgres",)]
        session.close()
    finally:
        holder.terminate()
        holder.wait(30)
    wait_gone(pids)


def test_the_server_log_keeps_no_literal_of_a_failed_statement(site: Site) -> None:
    done = site.python(
        OWNER
        + "k.execute('CREATE TABLE payee (name text UNIQUE)'); k.execute(\"INSERT INTO payee VALUES ('Zhang San')\");"
        "k.execute(\"INSERT INTO payee VALUES ('Zhang San')\")"
    )
    assert "UniqueViolation" in done.stderr
    log = (site.var / "log" / "postgres.log").read_text()
    assert "duplicate key" in log
    assert "Zhang" not in log


@pytest.mark.parametrize(("name", "sockets"), [("va r 現金", True), ("a, 'b' \"c\" %41", False)])
def test_a_var_with_unusual_letters(make_site: Callable[..., Site], name: str, sockets: bool) -> None:
    site = make_site(name)
    django = "import dj_database_url; print(dj_database_url.parse(os.environ['DATABASE_URL'])['HOST']);"
    done = site.python(CONNECT + PING + django)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == (str(site.var / "run") if sockets else "127.0.0.1")


def test_a_var_of_two_hundred_characters_uses_the_loopback_address(make_site: Callable[..., Site]) -> None:
    site = make_site("v" * 200)
    done = site.python(CONNECT + "print(os.environ['DATABASE_URL'])")
    assert done.returncode == 0, done.stderr
    assert "@127.0.0.1:" in done.stdout
    again = site.python(CONNECT + "print(os.environ['DATABASE_URL'])")
    assert again.stdout == done.stdout, "ports are chosen once"


def test_two_vars_run_at_once_and_a_second_start_in_one_is_refused(make_site: Callable[..., Site]) -> None:
    first, second = make_site("one"), make_site("two")
    holder = first.hold()
    try:
        assert second.python(CONNECT + PING).returncode == 0
        refused = first.python("print('never')")
        assert refused.returncode == 1
        assert f"already in use by process {holder.pid}" in refused.stderr
    finally:
        holder.terminate()
        holder.wait(30)


def test_everything_killed_and_started_again_in_the_same_second(site: Site) -> None:
    assert site.python(OWNER + "k.execute('CREATE TABLE kept (n int)'); c.commit()").returncode == 0
    holder = site.hold()
    insert = OWNER + "k.execute('INSERT INTO kept VALUES (1)'); c.commit()"
    env = {**site.env(), **House(site.var).read_env()}
    subprocess.run([sys.executable, "-c", insert], env=env, check=True)
    killed = [holder.pid, *site.servers()]
    kill_nine(killed)
    done = site.python(OWNER + "k.execute('SELECT count(*) FROM kept'); print(k.fetchone()[0]);" + PING)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "1"
    assert holder.wait(5) == -signal.SIGKILL
    wait_gone(killed)


def test_servers_follow_a_killed_supervisor(site: Site) -> None:
    holder = site.hold()
    servers = site.servers()
    assert servers
    kill_nine([holder.pid])
    holder.wait(5)
    wait_gone(servers)


def test_orphaned_servers_are_ended_by_the_next_start(site: Site) -> None:
    holder = site.hold()
    postmaster = int((site.var / "postgres" / "postmaster.pid").read_text().split()[0])
    children = [pid for pid in servers_of(site.var / "postgres") if pid != postmaster]
    assert children
    for pid in children:
        os.kill(pid, signal.SIGSTOP)  # cannot notice that its postmaster died
    kill_nine([postmaster, holder.pid])
    holder.wait(5)
    try:
        assert any(is_alive(pid) for pid in children)
        done = site.python(CONNECT + "print('again')")
        assert done.returncode == 0, done.stderr
    finally:
        kill_nine(children)
    assert "an earlier run left behind" in done.stderr


@pytest.mark.parametrize("pid_file", ["zombie", "foreign", "truncated"])
def test_a_misleading_pid_file_is_not_believed(site: Site, pid_file: str) -> None:
    assert site.python("").returncode == 0
    zombie = subprocess.Popen(["true"])
    foreign = subprocess.Popen(["sleep", "60"])
    try:
        while is_alive(zombie.pid):
            time.sleep(0.01)
        pid = {"zombie": zombie.pid, "foreign": foreign.pid}.get(pid_file)
        whole = f"{pid}\n{site.var / 'postgres'}\n1700000000\n5432\n{site.var / 'run'}\n\n  1 1\nready\n"
        (site.var / "postgres" / "postmaster.pid").write_text(whole if pid else "")
        (site.var / "run" / ".s.PGSQL.5432.lock").write_text(whole if pid else "")
        done = site.python(CONNECT)
        assert done.returncode == 0, done.stderr
        assert foreign.poll() is None, "a stranger was ended"
    finally:
        foreign.kill()
        foreign.wait()
        zombie.wait()


def test_a_half_made_data_folder_is_made_anew(site: Site) -> None:
    (site.var / "postgres.new" / "base").mkdir(parents=True)
    assert site.python(CONNECT).returncode == 0
    assert not (site.var / "postgres.new").exists()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(HouseError, match=r"VAR=.*/file/var cannot be used"):
        House(tmp_path / "file" / "var").enter()


@pytest.mark.skipif(os.geteuid() != 0, reason="is about root")
def test_below_a_home_that_only_root_may_enter(make_site: Callable[..., Site]) -> None:
    site = make_site("closed/var")
    closed = site.var.parent
    closed.mkdir(mode=0o700)
    assert site.python(CONNECT).returncode == 0
    assert closed.stat().st_mode & 0o777 == 0o700


def test_servers_named_by_the_environment_are_used_and_none_are_started(site: Site) -> None:
    named = {"DATABASE_URL": "postgres://app@db.invalid/x", "REDIS_URL": "redis://redis.invalid/0"}
    words = ["-m", "cashback.embedded", "exec", "--", sys.executable, "-c"]
    code = "import os; print(os.environ['DATABASE_URL'], os.environ['REDIS_URL'])"
    done = subprocess.run(
        [sys.executable, *words, code], env={**site.env(), **named}, capture_output=True, text=True, check=False
    )
    assert done.stdout.split() == list(named.values()), done.stderr
    assert not (site.var / "postgres").exists()
    assert not (site.var / "redis").exists()


NO_NAMESPACES = (
    "import sys; from cashback.embedded import __main__ as entry, postgres; postgres.UNSHARE = ('false',);"
    "sys.exit(entry.main(['exec', '--', sys.executable, '-c', sys.argv[1]]))"
)


@pytest.mark.skipif(os.geteuid() != 0, reason="is about root")
@pytest.mark.parametrize("mode", [0o755, 0o700])
def test_where_user_namespaces_are_forbidden(make_site: Callable[..., Site], mode: int) -> None:
    site = make_site("home/var")
    site.var.parent.mkdir(mode=mode)
    words = [sys.executable, "-c", NO_NAMESPACES, CONNECT]
    done = subprocess.run(words, env=site.env(), cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (site.var / "postgres").stat().st_uid != 0
    assert site.var.parent.stat().st_mode & 0o777 == mode
    assert site.python(CONNECT).returncode == 0  # and again where they are allowed
