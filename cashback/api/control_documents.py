"""What the API says of the cloud."""

from typing import Any

from rest_framework import serializers

from cashback.control.centre.models import Application, CopyOrigin, RunState
from cashback.control.centre.selectors import Standing
from cashback.control.protocol.naming import version_order


class StationOut(serializers.Serializer[object]):
    """A base station."""

    name = serializers.CharField(source="station.name")
    labels = serializers.ListField(child=serializers.CharField(), source="station.labels")
    standing = serializers.ChoiceField(choices=[standing.value for standing in Standing])
    heard_at = serializers.DateTimeField(source="station.heard_at", allow_null=True)
    paused = serializers.BooleanField()
    draining = serializers.BooleanField()
    load = serializers.FloatField(allow_null=True)
    running = serializers.IntegerField()
    waiting = serializers.IntegerField()
    limit = serializers.IntegerField()
    confinement = serializers.CharField()
    copies = serializers.ListField(child=serializers.ListField(child=serializers.CharField()))


class ApplicationOut(serializers.Serializer[Application]):
    """An application."""

    id = serializers.CharField(source="code")
    name = serializers.CharField()
    public = serializers.BooleanField(source="is_public")
    versions = serializers.SerializerMethodField()

    def get_versions(self, application: Application) -> list[str]:
        """The versions that are handed out, the newest last."""
        standing = application.versions.filter(withdrawal=None).values_list("version", flat=True)
        return sorted(standing, key=version_order)


class EnrolmentIn(serializers.Serializer[object]):
    """A signed announcement, as the wire protocol says it."""

    kind = serializers.CharField()
    key_id = serializers.CharField()
    body: Any = serializers.DictField()
    signature = serializers.CharField()


class AnnouncedOut(serializers.Serializer[object]):
    """The announcement was heard."""

    state = serializers.CharField()


class RunIn(serializers.Serializer[object]):
    """What to run."""

    application = serializers.CharField(max_length=64)
    version = serializers.CharField(max_length=64, required=False)
    station = serializers.CharField(max_length=64, required=False)
    input = serializers.JSONField()


class RunAskedOut(serializers.Serializer[object]):
    """A run was asked for."""

    id = serializers.CharField()


class RunErrorOut(serializers.Serializer[object]):
    """Why a run has no output."""

    code = serializers.CharField()
    message = serializers.CharField()


class RunOut(serializers.Serializer[object]):
    """A run."""

    id = serializers.CharField()
    state = serializers.ChoiceField(choices=RunState.values)
    station = serializers.CharField(allow_null=True)
    copy = serializers.ChoiceField(choices=CopyOrigin.values, allow_null=True)
    output = serializers.JSONField(allow_null=True)
    error = RunErrorOut(allow_null=True)
