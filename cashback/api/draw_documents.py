"""What the API says of draws, field by field."""

from typing import Any

from rest_framework import serializers

from cashback.api.documents import Printed
from lottery.models import PUBLIC_STATES


class DrawLineOut(serializers.Serializer[object]):
    """A draw in the list."""

    id = serializers.CharField()
    state = serializers.ChoiceField(choices=list(PUBLIC_STATES))
    program = serializers.CharField()
    name = serializers.CharField()
    currency = serializers.CharField()
    fund_minor = serializers.IntegerField()
    announced_at = Printed()
    freezes_at = Printed()
    reveals_at = Printed()


class FigureOut(serializers.Serializer[object]):
    """A public figure; `value` is null until two people have entered the same."""

    name = serializers.CharField()
    value = serializers.CharField(allow_null=True)
    published_at = Printed()
    beacon_round = serializers.IntegerField(allow_null=True)

    def get_fields(self) -> dict[str, Any]:
        """`source` is an attribute of every field already."""
        return {**super().get_fields(), "source": serializers.CharField(allow_blank=True)}


class PrizeOut(serializers.Serializer[object]):
    """One prize. Equal ones stand one by one, in the order in which results go to them."""

    name = serializers.CharField()
    name_zh = serializers.CharField(allow_blank=True)
    amount_minor = serializers.IntegerField()


class AllotmentOut(serializers.Serializer[object]):
    """Who has a prize, or had it: `prize` counts the prizes from 0, `ended` says why it passed on."""

    prize = serializers.IntegerField()
    index = serializers.IntegerField()
    leaf = serializers.CharField()
    ended = serializers.CharField(allow_null=True)


class DrawOut(DrawLineOut):
    """A draw as far as it is public; what is not yet is null. Winners and reserves are indexes in the pool."""

    registered_from = Printed(allow_null=True)
    registered_until = Printed()
    paid_included = serializers.BooleanField()
    frozen_at = Printed(allow_null=True)
    commitment = serializers.CharField()
    secret = serializers.CharField(allow_null=True)
    figures = FigureOut(many=True)
    entries = serializers.IntegerField(allow_null=True)
    pool_hash = serializers.CharField(allow_null=True)
    declarations = serializers.ListField(child=serializers.CharField(), allow_null=True)
    winners = serializers.ListField(child=serializers.IntegerField(), allow_null=True)
    reserves = serializers.ListField(child=serializers.IntegerField(), allow_null=True)
    reserves_announced = serializers.IntegerField()
    prizes = PrizeOut(many=True)
    allotments = AllotmentOut(many=True, allow_null=True)
    revealed_at = Printed(allow_null=True)
    verified_at = Printed(allow_null=True)
    certified_at = Printed(allow_null=True)
    ended_at = Printed(allow_null=True)
    end_reason = serializers.CharField(allow_null=True)
