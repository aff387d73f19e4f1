"""The names that centre and stations share: verbs, states, queues, tasks, keys in Redis, addresses, limits."""

import re
from typing import Final

VERBS: Final = frozenset(
    {
        "roll-call",
        "run",
        "fetch-copy",
        "drop-copy",
        "pause",
        "resume",
        "drain",
        "set-limit",
        "upgrade",
        "stop-run",
    }
)
STATES: Final = ("accepted", "running", "done", "failed", "refused")
FINAL_STATES: Final = frozenset({"done", "failed", "refused"})
CONFINEMENTS: Final = ("full", "reduced", "none")
# Steps of one instruction: what is done at once has only the last one.
SEQUENCE_ACCEPTED: Final = 1
SEQUENCE_RUNNING: Final = 2
SEQUENCE_FINAL: Final = 3

INSTRUCT_TASK: Final = "station.instruct"
REPORT_TASK: Final = "centre.report"
REPORT_QUEUE: Final = "centre.reports"
BUNDLE_HEADER: Final = "X-Cashback-Bundle"

INPUT_BYTES_MAX: Final = 64 * 1024
OUTPUT_BYTES_MAX: Final = 256 * 1024
BUNDLE_BYTES_MAX: Final = 16 * 1024 * 1024
FETCHED_INPUT_BYTES_MAX: Final = 2 * 1024 * 1024 * 1024
INPUT_FILES_MAX: Final = 8
LIMIT_MAX: Final = 256
COPIES_MAX: Final = 1000
INSTRUCTION_SECONDS_MAX: Final = 7 * 24 * 3600
CLOCK_SKEW_SECONDS_MAX: Final = 300
RUN_SECONDS_MAX: Final = 600

NAME: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?", re.ASCII)
APPLICATION: Final = re.compile(r"[a-z][a-z0-9-]{0,38}[a-z0-9]", re.ASCII)
VERSION: Final = re.compile(r"[0-9a-z](?:[0-9a-z.-]{0,30}[0-9a-z])?", re.ASCII)
DIGEST: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
IDENTIFIER: Final = re.compile(r"[0-9A-Za-z-]{1,64}", re.ASCII)


def station_queue(name: str) -> str:
    """The Celery queue, and the Redis list, that holds the station's instructions."""
    return f"station.{name}"


def transport_options(name: str) -> dict[str, object]:
    """kombu's options of one consumer: unacked keys of its own, and what a killed one left comes back soon."""
    queue = station_queue(name)
    return {
        "unacked_key": f"{queue}:unacked",
        "unacked_index_key": f"{queue}:unacked-index",
        "unacked_mutex_key": f"{queue}:unacked-mutex",
        "visibility_timeout": 60,
        "unacked_restore_interval": 5,
        "unacked_restore_throttle": 1,
        "socket_timeout": 5,
        "socket_connect_timeout": 5,
    }


def acl_rules(name: str) -> list[str]:
    """The arguments of ACL SETUSER that give a station its own keys and the list of reports, and nothing else.

    Add `on` and a password. Queue names get a suffix per priority (kombu separates it by two control characters).
    """
    queue = station_queue(name)
    keys = [
        queue,
        f"{queue}\x06\x16*",
        f"{queue}:*",
        f"_kombu.binding.{queue}",
        f"_kombu.binding_permanent.{queue}",
        REPORT_QUEUE,
        f"{REPORT_QUEUE}\x06\x16*",
    ]
    kinds = ["@list", "@sortedset", "@hash", "@set", "@string", "@transaction"]
    # kombu locks its sweep of unacked messages; a lock is let go by a script.
    others = ["ping", "select", "client|setinfo", "client|setname", "del", "evalsha", "eval", "script|load"]
    commands = [*(f"+{name}" for name in kinds), "-@dangerous", *(f"+{name}" for name in others)]
    return ["resetkeys", *(f"~{key}" for key in keys), "resetchannels", "nocommands", *commands]


def bundle_url(centre_url: str, application: str, version: str) -> str:
    """Where the centre hands out a bundle; version `latest` is the newest published one."""
    return f"{centre_url.rstrip('/')}/api/v1/applications/{application}/{version}"


def input_url(centre_url: str, sha256: str) -> str:
    """Where the centre hands out a large input by its hash."""
    return f"{centre_url.rstrip('/')}/api/v1/inputs/{sha256}"


def enrolment_url(centre_url: str) -> str:
    """Where a new station announces its key."""
    return f"{centre_url.rstrip('/')}/api/v1/stations/enrol"


def version_order(version: str) -> list[tuple[int, int, str]]:
    """Sorts versions as people do: 2 before 10, 1.9 before 1.10."""
    parts = re.findall(r"\d+|[a-z]+", version)
    return [(1, int(part), "") if part.isdigit() else (0, 0, part) for part in parts]
