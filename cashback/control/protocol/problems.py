"""What can be wrong with a message. Each problem has a stable code and a text that names the field and the reason."""

from typing import ClassVar


class WireProblem(Exception):
    """A message that is not acted on."""

    code: ClassVar[str] = "refused"


class TooLarge(WireProblem):
    """Longer than its kind may be."""

    code = "too_large"


class NotAnEnvelope(WireProblem):
    """Not JSON, or not the four fields of an envelope."""

    code = "not_an_envelope"


class WrongKind(WireProblem):
    """An envelope of another kind than the one expected here."""

    code = "wrong_kind"


class UnknownKey(WireProblem):
    """Signed with a key that is not among those trusted here."""

    code = "unknown_key"


class BadSignature(WireProblem):
    """The signature does not fit the body."""

    code = "bad_signature"


class WrongField(WireProblem):
    """A field is missing, too many, of another type or out of its range."""

    code = "wrong_field"


class NotForThisStation(WireProblem):
    """An instruction for another station."""

    code = "not_for_this_station"


class Expired(WireProblem):
    """An instruction after its time."""

    code = "expired"


class FromTheFuture(WireProblem):
    """An instruction issued later than now: one of the two clocks is wrong."""

    code = "from_the_future"
