"""draw-run: the results of a draw whose pool is frozen, whose secret is revealed and whose figures are published.

The arithmetic is the stand-alone verifier's. The centre has one of its own and works the draw out as well: where both
agree, a mistake would have to be in both.
"""

from typing import Any

from cashback.control.applications.answering import FILES, answer
from cashback.control.protocol.fields import Fields
from cashback.control.protocol.problems import WrongField
from lottery.verify import FORMS, order, seed

ENTRIES_MAX = 50_000_000  # four bytes each while they are shuffled
RESULTS_MAX = 25_000  # as many as fit what a station takes from an application
_IN_FORM = ("pool_hash", "secret", "figures")


def run(question: Any) -> dict[str, Any]:
    """The answer to `{"draw","pool_hash","secret","figures","entries","results"}`. Raises WrongField."""
    fields = Fields(question, "input", required={"draw", "entries", "results", *_IN_FORM}, optional=FILES)
    account = {"id": fields.raw("draw")} | {name: fields.raw(name) for name in _IN_FORM}
    for name, value in account.items():
        fits, form = FORMS[name]
        if not fits(value):
            raise WrongField(f"input.{'draw' if name == 'id' else name} is not {form}")
    names = [figure["name"] for figure in account["figures"]]
    if not names or len(set(names)) != len(names):
        raise WrongField("input.figures are none, or two have the same name")
    entries, results = fields.whole("entries", 0, ENTRIES_MAX), fields.whole("results", 1, RESULTS_MAX)
    return {"results": order(_seed(account), entries, min(results, entries))}


def _seed(account: dict[str, Any]) -> bytes:
    try:
        return seed(account, account["pool_hash"])
    except UnicodeEncodeError:
        raise WrongField("input.figures have a name with half a character (a lone surrogate)") from None


if __name__ == "__main__":
    answer(run)
