"""How each process of the program is started, here and in docker-compose.yml."""

from pathlib import Path

WEB_WORKERS, WEB_THREADS, TASK_WORKERS = 2, 4, 2
CELERY = ("celery", "--app", "cashback", "--quiet")


def web(*, bind: str) -> list[str]:
    """The web process at one address. No access log: addresses hold receipt codes."""
    return [
        *("gunicorn", "cashback.wsgi:application", "--bind", bind),
        *("--workers", str(WEB_WORKERS), "--threads", str(WEB_THREADS), "--graceful-timeout", "5"),
        "--no-control-socket",
    ]


def worker() -> list[str]:
    """The process that runs passes, releases, answers and erasures."""
    return [*CELERY, "worker", "--concurrency", str(TASK_WORKERS), "--loglevel", "INFO"]


def beat(*, schedule: Path) -> list[str]:
    """The clock; `schedule` is where it remembers what it sent when."""
    return [*CELERY, "beat", "--schedule", str(schedule), "--pidfile=", "--loglevel", "WARNING"]


def bank(*, folder: Path) -> list[str]:
    """The simulated bank, with all its data in its own folder."""
    return ["cashback.embedded.bank", "--dir", str(folder), "--config", str(folder / "bank.json")]
