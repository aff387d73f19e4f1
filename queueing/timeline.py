"""The timeline of a registration: what happened to it that no other row tells."""

from collections.abc import Collection
from datetime import datetime

from queueing.models import TimelineEvent


def record(*, registration_ids: Collection[int], event: str, at: datetime) -> None:
    """Note an event (a code) for each of the registrations, in the caller's transaction."""
    TimelineEvent.objects.bulk_create(
        TimelineEvent(registration_id=registration_id, event=event, at=at)
        for registration_id in sorted(registration_ids)
    )
