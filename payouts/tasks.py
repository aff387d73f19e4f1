"""The clock's calls. Each collects its work from the tables, so that a lost message loses nothing."""

from celery import shared_task
from django.utils import timezone

from cashback.lib.isolation import run_all
from payouts import answers, collecting, destroying, ecodes, lapsing, releasing, sending, settlement, sweeping


@shared_task
def tick_payouts() -> None:
    """Collect awards, look after what is pending, release what the schedule may release, and send."""
    now = timezone.now()
    run_all(
        ("collecting", lambda: collecting.collect_all(now=now)),
        ("sweeping", lambda: sweeping.sweep(now=now)),
        ("releasing", lambda: releasing.release_automatically_all(now=now)),
        ("sending", lambda: sending.send_approved(now=now)),
    )


@shared_task
def tick_answers() -> None:
    """Take in, read and apply what the bank has left; what stays without an answer for too long is in doubt."""
    now = timezone.now()
    run_all(
        ("answering", lambda: answers.answer(now=now)),
        ("doubting", lambda: settlement.doubt_unanswered(now=now)),
    )


@shared_task
def erase_due() -> None:
    """Erase what is past its time and not needed for a payout or a gift."""
    sweeping.erase_due(now=timezone.now())


@shared_task
def destroy_files() -> None:
    """Destroy payment files and the bank's files that are no longer needed."""
    destroying.destroy_files(now=timezone.now())


@shared_task
def rewrap_files() -> None:
    """Wrap the keys of the bank's files and of e-codes anew where their epoch has ended."""
    now = timezone.now()
    run_all(
        ("wrapping files", lambda: destroying.rewrap_files(limit=1_000, now=now)),
        ("wrapping codes", lambda: ecodes.rewrap_codes(limit=10_000, now=now)),
    )


@shared_task
def lapse_gifts() -> None:
    """Let gifts lapse that nobody chose or fetched in time; parcels posted long ago have arrived."""
    lapsing.lapse_gifts(now=timezone.now())
