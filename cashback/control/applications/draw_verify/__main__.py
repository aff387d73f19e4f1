"""draw-verify: work a published draw out again from its bundle, with the stand-alone verifier and nothing else.

The bundle is the large input `bundle`. `ok` is false, and `reason` says why, for a bundle that differs from what it
announces and for one of another draw than asked.
"""

from typing import Any

from cashback.control.applications.answering import FILES, answer, opened
from cashback.control.protocol.fields import Fields
from cashback.control.protocol.problems import WrongField
from lottery.verify import FORMS, verify


def check(question: Any) -> dict[str, Any]:
    """The answer to `{"draw","files":{"bundle"}}`. Raises WrongField."""
    fields = Fields(question, "input", required={"draw"}, optional=FILES)
    draw = fields.text("draw")
    fits, form = FORMS["id"]
    if not fits(draw):
        raise WrongField(f"input.draw is not {form}")
    bundle = opened(fields, "bundle")
    if bundle is None:
        raise WrongField("input.files.bundle is missing: the draw's bundle, by its hash")
    with bundle:
        verdict = verify(bundle)
    if verdict.ok and verdict.draw != draw:
        return _refused(f"the bundle is of draw {verdict.draw}, asked was {draw}")
    if not verdict.ok:
        return _refused(verdict.reason)
    return {
        "ok": True,
        "reason": "",
        "winners": list(verdict.winners),
        "reserves": list(verdict.reserves),
        "entries": verdict.entries,
        "pool_hash": verdict.pool_hash,
        "repacked": verdict.repacked,
    }


def _refused(reason: str) -> dict[str, Any]:
    return {"ok": False, "reason": reason, "winners": [], "reserves": []}


if __name__ == "__main__":
    answer(check)
