"""Address labels of parcels as a PDF, made in memory and nowhere kept."""

from collections.abc import Sequence
from datetime import datetime


def labels(*, award_ids: Sequence[int], by_id: int, now: datetime) -> bytes:
    """A label for each posted gift that is chosen or ready and whose address is held. Raises NotAllowed."""
    raise NotImplementedError
