"""Address labels of the parcels of gifts, made in memory and nowhere kept."""

from collections.abc import Sequence
from datetime import datetime

from cashback.accounts.two_people import require_organizer
from payouts.gift_rows import SQL
from payouts.label_sheet import Parcel, Sheet, draw
from queueing.delivering import Delivery, read_deliveries


def labels(*, award_ids: Sequence[int], by_id: int, now: datetime) -> Sheet:
    """A label for each posted gift that is chosen or ready and whose address is held; by award. Raises NotAllowed."""
    assert now.tzinfo is not None
    require_organizer(by_id)
    rows = SQL.rows("parcels", awards=sorted(set(award_ids)))
    held = read_deliveries(registration_ids=[registration_id for _, registration_id, _, _ in rows])
    return draw(
        Parcel(
            award_id=award_id,
            name=held[registration_id].name,
            lines=_lines(held[registration_id]),
            note=f"#{award_id} \u00b7 {program} \u00b7 {gift}",
        )
        for award_id, registration_id, program, gift in rows
        if registration_id in held
    )


def _lines(delivery: Delivery) -> list[str]:
    country = "" if delivery.country == "CN" else delivery.country
    lines = [*delivery.address.split("\n"), f"{delivery.postcode} {country}".strip(), delivery.phone]
    return [line for line in lines if line]
