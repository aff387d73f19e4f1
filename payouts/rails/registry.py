"""The rails there are. A new one is a file beside this one and a line here."""

from payouts.rails.iso20022 import Iso20022Rail
from payouts.rails.messages import Rail

_RAILS: dict[str, Rail] = {rail.name: rail for rail in (Iso20022Rail(),)}


def rail(name: str) -> Rail:
    """The rail of that name. Raises LookupError naming the ones there are."""
    if name not in _RAILS:
        raise LookupError(f"no rail {name!r}; there are: {', '.join(sorted(_RAILS))}")
    return _RAILS[name]
