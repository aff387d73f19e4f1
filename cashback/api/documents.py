"""What goes in and what comes out, field by field: the output of the API and the whole of its schema.

What comes in is not checked here but by the information check; those classes only describe it.
"""

from datetime import datetime
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from cards.models import OrderState, Rule
from cashback.lib.crypto.signatures import encode_base64url, printed_at
from queueing.fields import ACCOUNT_KINDS

OUTCOMES = ["waiting", "cash", "gift", "withdrawn", "void"]
AWARD_STATES = [
    *("due", "approved", "sent", "accepted", "refunded", "details_needed", "on_hold", "in_doubt", "cancelled"),
    *("lapsed", "owed", "chosen", "ready", "handed_over"),
]
GIFT_STATES = ["owed", "chosen", "ready", "handed_over", "lapsed"]
GIFT_WAYS = ["dealer", "post", "code"]


class Printed(serializers.DateTimeField):
    """A moment as it stands under signatures: UTC, microseconds, Z."""

    def to_representation(self, value: datetime) -> str:
        """Print the moment."""
        return printed_at(value)


class ProblemOut(serializers.Serializer[object]):
    """An error (RFC 9457). `code` is stable; `detail` is in the language of Accept-Language."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    code = serializers.CharField()
    detail = serializers.CharField()

    def get_fields(self) -> dict[str, Any]:
        """`errors` is an attribute of every serializer already."""
        by_field = serializers.DictField(child=serializers.ListField(child=serializers.CharField()), required=False)
        return {**super().get_fields(), "errors": by_field}


def problems(*statuses: int) -> dict[tuple[int, str], type[ProblemOut]]:
    """The refusals of an address, as the schema describes them."""
    return {(status, "application/problem+json"): ProblemOut for status in statuses}


class HolderIn(serializers.Serializer[object]):
    """Whose account it is, and how to tell about the outcome."""

    name = serializers.CharField(max_length=140)
    phone = serializers.CharField(required=False, max_length=40)
    email = serializers.CharField(required=False, max_length=254)


class AccountIn(serializers.Serializer[object]):
    """Where to pay."""

    kind = serializers.ChoiceField(choices=ACCOUNT_KINDS)
    number = serializers.CharField(max_length=64)
    bank = serializers.CharField(required=False, max_length=140)


class ProductIn(serializers.Serializer[object]):
    """What the card came with."""

    name = serializers.CharField(max_length=140)
    specification = serializers.CharField(required=False, max_length=140)


class CardIn(serializers.Serializer[object]):
    """Serial and PIN as printed; spaces, dashes and case do not matter."""

    serial = serializers.CharField(max_length=64)
    pin = serializers.CharField(max_length=64)


class RegistrationIn(CardIn):
    """A registration."""

    holder = HolderIn()
    account = AccountIn()
    product = ProductIn(required=False)
    terms_version = serializers.CharField(required=False, max_length=40)


class ChangeIn(CardIn):
    """New details: a whole holder, a whole account, or both."""

    holder = HolderIn(required=False)
    account = AccountIn(required=False)


class ProductOut(serializers.Serializer[object]):
    """What the card's lot was sold for."""

    name = serializers.CharField()
    specification = serializers.CharField(allow_blank=True)


class RegistrationOut(serializers.Serializer[object]):
    """A registration's receipt. Keep `receipt` and `nonce`: they are shown to nobody else."""

    receipt = serializers.CharField()
    serial = serializers.CharField()
    program = serializers.CharField()
    registered_at = Printed()
    place = serializers.IntegerField(allow_null=True)
    nonce = serializers.CharField()
    leaf = serializers.CharField()
    signature = serializers.CharField()
    key_id = serializers.CharField()
    status_url = serializers.CharField()


class ReceiptOfferOut(serializers.Serializer[object]):
    """From when on the replaced receipt can be had."""

    available_at = Printed()


class ReceiptOut(serializers.Serializer[object]):
    """The replaced receipt, given once."""

    receipt = serializers.CharField()
    status_url = serializers.CharField()


class AwardOut(serializers.Serializer[object]):
    """An award and where it stands."""

    id = serializers.IntegerField()
    kind = serializers.ChoiceField(choices=["cash", "gift"])
    amount_minor = serializers.IntegerField()
    currency = serializers.CharField()
    state = serializers.ChoiceField(choices=AWARD_STATES)
    reason = serializers.CharField(allow_null=True, allow_blank=True)
    since = Printed()

    def get_fields(self) -> dict[str, Any]:
        """`source` is an attribute of every field already."""
        return {**super().get_fields(), "source": serializers.ChoiceField(choices=["cycle", "draw"])}


class ErasureLinkOut(serializers.Serializer[object]):
    """A destruction of details, and where its signed row is found."""

    id = serializers.CharField()
    at = Printed()
    url = serializers.CharField()


class EventOut(serializers.Serializer[object]):
    """What happened, and when."""

    event = serializers.CharField()
    at = Printed()


class StatusOut(serializers.Serializer[object]):
    """Where a registration stands."""

    program = serializers.CharField()
    product = ProductOut()
    registered_at = Printed()
    place = serializers.IntegerField(allow_null=True)
    cycle = serializers.IntegerField(allow_null=True)
    ahead = serializers.IntegerField(allow_null=True)
    until_close = serializers.IntegerField(allow_null=True)
    outcome = serializers.ChoiceField(choices=OUTCOMES)
    frozen = serializers.BooleanField()
    awards = AwardOut(many=True)
    nonce = serializers.CharField(allow_null=True)
    leaf = serializers.CharField()
    signature = serializers.CharField()
    key_id = serializers.CharField()
    details = serializers.ChoiceField(choices=["held", "erased"])
    erase_by = Printed(allow_null=True)
    erasures = ErasureLinkOut(many=True)
    timeline = EventOut(many=True)


class DrawStateOut(serializers.Serializer[object]):
    """A draw of a program."""

    id = serializers.CharField()
    state = serializers.CharField()


@extend_schema_field({"type": "integer", "description": "basis points; 10000 is everything"})
class BasisPoints(serializers.IntegerField):
    """A share in basis points, rounded down."""


class ProgramOut(serializers.Serializer[object]):
    """A program's public numbers."""

    code = serializers.CharField()
    name = serializers.CharField()
    currency = serializers.CharField()
    face_value_minor = serializers.IntegerField()
    cycle_size = serializers.IntegerField()
    payouts_per_cycle = serializers.IntegerField()
    rule = serializers.ChoiceField(choices=Rule.values)
    sold = serializers.IntegerField()
    registered = serializers.IntegerField()
    placed = serializers.IntegerField()
    cycles_closed = serializers.IntegerField()
    cash_awards = serializers.IntegerField()
    gift_awards = serializers.IntegerField()
    refunded = serializers.IntegerField()
    refunded_minor = serializers.IntegerField()
    pending = serializers.IntegerField()
    waiting = serializers.IntegerField()
    coverage = BasisPoints()
    as_of = Printed()
    draws = DrawStateOut(many=True)


class ErasureOut(serializers.Serializer[object]):
    """A signed erasure."""

    id = serializers.CharField()
    at = Printed()
    what = serializers.CharField()
    why = serializers.CharField()
    backups_until = Printed()
    key_id = serializers.CharField(source="signing_key_id", allow_null=True)
    signature = serializers.CharField(allow_blank=True)


class PublicKey(serializers.CharField):
    """The 32 bytes of an Ed25519 public key, in base64url as signatures are."""

    def to_representation(self, value: str) -> str:
        """Write the key, which is stored in hex."""
        return encode_base64url(bytes.fromhex(value))


class KeyOut(serializers.Serializer[object]):
    """A public key under which the site signs."""

    id = serializers.CharField(source="key_id")
    public_key = PublicKey()
    until = Printed(source="until_at", allow_null=True)

    def get_fields(self) -> dict[str, Any]:
        """`from` is a word of the language, so it cannot be an attribute."""
        return {**super().get_fields(), "from": Printed(source="from_at")}


class OrderIn(serializers.Serializer[object]):
    """An order of cards."""

    program = serializers.CharField(max_length=32)
    cards = serializers.IntegerField(min_value=1, max_value=1_000_000)
    product = ProductIn()


class OrderedProductOut(serializers.Serializer[object]):
    """The product of an order."""

    name = serializers.CharField(source="product_name")
    specification = serializers.CharField(source="product_specification", allow_blank=True)


class OrderOut(serializers.Serializer[object]):
    """An order and where it stands."""

    id = serializers.IntegerField(source="pk")
    state = serializers.ChoiceField(choices=OrderState.values)
    program = serializers.CharField(source="program.code")
    product = OrderedProductOut(source="*")
    cards = serializers.IntegerField()
    amount_minor = serializers.IntegerField()
    currency = serializers.CharField()
    placed_at = Printed()


class LotOut(serializers.Serializer[object]):
    """A lot of cards and how many of them are registered."""

    id = serializers.IntegerField()
    first = serializers.CharField()
    last = serializers.CharField()
    cards = serializers.IntegerField()
    registered = serializers.IntegerField()


class StatementLineOut(serializers.Serializer[object]):
    """A movement of the dealer's wallet; what goes out is negative."""

    id = serializers.IntegerField()
    at = Printed()
    event = serializers.CharField()
    reference = serializers.CharField()
    program = serializers.CharField()
    amount_minor = serializers.IntegerField()
    currency = serializers.CharField()


class OfferOut(serializers.Serializer[object]):
    """A gift that can be chosen. `picture` is an address that may be kept for ever."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    about = serializers.CharField(allow_blank=True)
    picture = serializers.CharField(allow_null=True)
    ways = serializers.ListField(child=serializers.ChoiceField(choices=GIFT_WAYS))
    left = serializers.ChoiceField(choices=["many", "few", "none"])


class CounterOut(serializers.Serializer[object]):
    """A dealer from whom a gift can be fetched."""

    code = serializers.CharField()
    name = serializers.CharField()
    address = serializers.CharField(allow_blank=True)


class GiftOut(serializers.Serializer[object]):
    """A registration's gift. `claim_by`: choose, fetch or read it until then; null while no time runs."""

    id = serializers.IntegerField()
    state = serializers.ChoiceField(choices=GIFT_STATES)
    since = Printed()
    claim_by = Printed(allow_null=True)
    can_choose = serializers.BooleanField()
    blocked = serializers.ChoiceField(choices=["withdrawn", "void", "frozen"], allow_null=True)
    gift = OfferOut(allow_null=True)
    way = serializers.ChoiceField(choices=GIFT_WAYS, allow_null=True)
    dealer = CounterOut(allow_null=True)
    claim_code = serializers.CharField(allow_null=True)
    tracking = serializers.CharField(allow_null=True)
    code_readable = serializers.BooleanField()


class GiftsOut(serializers.Serializer[object]):
    """The registration's own gifts, what is on offer to it, and the dealers who hand gifts over."""

    gifts = GiftOut(many=True)
    offers = OfferOut(many=True)
    dealers = CounterOut(many=True)


class DeliveryIn(serializers.Serializer[object]):
    """How a gift comes to its holder. Without `way`: a dealer means that counter, an address the post."""

    way = serializers.ChoiceField(choices=GIFT_WAYS, required=False)
    dealer = serializers.CharField(required=False, max_length=32)
    name = serializers.CharField(required=False, max_length=140)
    phone = serializers.CharField(required=False, max_length=40)
    email = serializers.CharField(required=False, max_length=254)
    country = serializers.CharField(required=False, max_length=2)
    postcode = serializers.CharField(required=False, max_length=16)
    address = serializers.CharField(required=False, max_length=400)


class ChoiceIn(CardIn):
    """A choice. `gift` is an offer's id; an e-code needs no delivery."""

    gift = serializers.IntegerField(min_value=1)
    delivery = DeliveryIn(required=False)


class ChoiceOut(serializers.Serializer[object]):
    """What to show at the dealer's counter, once the gift is ready there."""

    claim_code = serializers.CharField(required=False)


class CodeOut(serializers.Serializer[object]):
    """An e-code."""

    code = serializers.CharField()


class ClaimIn(serializers.Serializer[object]):
    """What a holder shows at the counter; spaces, dashes and case do not matter."""

    serial = serializers.CharField(max_length=64)
    claim_code = serializers.CharField(max_length=64)


class ClaimOut(serializers.Serializer[object]):
    """What to hand out."""

    gift = serializers.CharField()
    handed_over_at = Printed()
