"""The centre's side of the cloud: stations, applications, what stations were told and what they answered."""

import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from cashback.control.protocol.naming import (
    APPLICATION,
    BUNDLE_BYTES_MAX,
    NAME,
    SEQUENCE_ACCEPTED,
    SEQUENCE_FINAL,
    VERSION,
)


def _whole(pattern: str) -> str:
    return f"^{pattern}$".replace("(?:", "(")


def _by(verbose_name: object) -> "models.ForeignKey[models.Model | None, models.Model | None]":
    """Who did it; null is the command line or the schedule."""
    return models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=verbose_name,  # type: ignore[arg-type]  # lazy texts are texts
        db_index=False,
        editable=False,
    )


class StationState(models.TextChoices):
    """A station's life at the centre. Whether it answers is another matter: see selectors.standing."""

    INVITED = "invited", _("invited")
    ANNOUNCED = "announced", _("announced")
    ACCEPTED = "accepted", _("accepted")
    RETIRED = "retired", _("retired")


class Station(models.Model):
    """One base station. It is believed from the moment somebody accepted its key's fingerprint until it is retired.

    `roll_call` is the id of the call that waits for an answer, empty when the last one was answered. `reported` is
    what the station last said of itself, `reported_at` by its own clock; `heard_at` is the centre's: at or before it
    the station was alive.
    """

    name = models.CharField(_("name"), max_length=40, unique=True)
    labels = ArrayField(models.CharField(max_length=40), verbose_name=_("labels"), default=list, blank=True)
    state = models.CharField(_("state"), max_length=9, choices=StationState, default=StationState.INVITED)
    token_digest = models.CharField(_("digest of the enrolment token"), max_length=64, blank=True, editable=False)
    token_until = models.DateTimeField(_("token valid until"), editable=False)
    broker_password_digest = models.CharField(
        _("digest of the broker's password"), max_length=64, blank=True, editable=False
    )
    public_key = models.CharField(_("public key"), max_length=64, blank=True, editable=False)
    invited_at = models.DateTimeField(_("invited at"), editable=False)
    invited_by = _by(_("invited by"))
    announced_at = models.DateTimeField(_("announced at"), null=True, editable=False)
    accepted_at = models.DateTimeField(_("accepted at"), null=True, editable=False)
    accepted_by = _by(_("accepted by"))
    retired_at = models.DateTimeField(_("retired at"), null=True, editable=False)
    retired_by = _by(_("retired by"))
    roll_call = models.CharField(_("open roll-call"), max_length=32, blank=True, editable=False)
    roll_called_at = models.DateTimeField(_("roll called at"), null=True, editable=False)
    heard_at = models.DateTimeField(_("heard at"), null=True, editable=False)
    reported = models.JSONField(_("as it says of itself"), default=dict, blank=True, editable=False)
    reported_at = models.DateTimeField(_("said at"), null=True, editable=False)

    class Meta:
        """Each state has what came before it; 0002_rules.sql says which may follow."""

        verbose_name = _("station")
        verbose_name_plural = _("stations")
        constraints = [
            models.CheckConstraint(condition=Q(name__regex=_whole(NAME.pattern)), name="centre_station_name_form"),
            models.CheckConstraint(condition=Q(state__in=StationState.values), name="centre_station_state_known"),
            models.CheckConstraint(
                condition=Q(public_key="", announced_at=None)
                | Q(public_key__regex=r"^[0-9a-f]{64}$", announced_at__isnull=False),
                name="centre_station_announced_whole",
            ),
            models.CheckConstraint(
                condition=Q(state="invited", announced_at=None, accepted_at=None, retired_at=None)
                | Q(state="announced", announced_at__isnull=False, accepted_at=None, retired_at=None)
                | Q(state="accepted", announced_at__isnull=False, accepted_at__isnull=False, retired_at=None)
                | Q(state="retired", retired_at__isnull=False),
                name="centre_station_state_dated",
            ),
            models.CheckConstraint(
                condition=Q(state="invited", token_digest__regex=r"^[0-9a-f]{64}$")  # noqa: S106  (a form)
                | (~Q(state="invited") & Q(token_digest="")),
                name="centre_station_token_once",
            ),
            models.UniqueConstraint(
                fields=["public_key"], condition=~Q(public_key=""), name="centre_station_key_of_one"
            ),
        ]

    def __str__(self) -> str:
        """Name the station."""
        return self.name


class Application(models.Model):
    """A program that stations can run: pure computations, without a database or a secret.

    `is_public`: anybody may ask for a run of it.
    """

    code = models.CharField(_("id"), max_length=40, unique=True)
    name = models.CharField(_("name"), max_length=120)
    name_zh = models.CharField(_("name in Chinese"), max_length=120, blank=True)
    is_public = models.BooleanField(_("open to everybody"), default=False)

    class Meta:
        """A code is spelled as the wire protocol spells it."""

        verbose_name = _("application")
        verbose_name_plural = _("applications")
        constraints = [
            models.CheckConstraint(
                condition=Q(code__regex=_whole(APPLICATION.pattern)), name="centre_application_code_form"
            )
        ]

    def __str__(self) -> str:
        """Name the application by its code."""
        return self.code


class Version(models.Model):
    """One published version of an application: a zip application, never changed. `word` is the centre's signed word."""

    application = models.ForeignKey(
        Application, models.PROTECT, related_name="versions", verbose_name=_("application"), db_index=False
    )
    version = models.CharField(_("version"), max_length=32)
    bundle = models.BinaryField(_("bundle"))
    sha256 = models.CharField("SHA-256", max_length=64)
    size_bytes = models.PositiveIntegerField(_("size in bytes"))
    word = models.TextField(_("signed word"))
    published_at = models.DateTimeField(_("published at"))
    published_by = _by(_("published by"))

    class Meta:
        """A version is published once; digest and size are the bundle's (0002_rules.sql)."""

        verbose_name = _("version")
        verbose_name_plural = _("versions")
        constraints = [
            models.UniqueConstraint(fields=["application", "version"], name="centre_version_published_once"),
            models.CheckConstraint(condition=Q(version__regex=_whole(VERSION.pattern)), name="centre_version_form"),
            models.CheckConstraint(
                condition=Q(size_bytes__gte=1, size_bytes__lte=BUNDLE_BYTES_MAX), name="centre_version_size"
            ),
        ]

    def __str__(self) -> str:
        """Name the version."""
        return f"{self.application} {self.version}"


class Withdrawal(models.Model):
    """A version was taken back: it is handed out no more, and no new run uses it."""

    version = models.OneToOneField(Version, models.PROTECT, related_name="withdrawal", verbose_name=_("version"))
    at = models.DateTimeField(_("withdrawn at"))
    by = _by(_("withdrawn by"))
    reason = models.CharField(_("reason"), max_length=200)

    class Meta:
        """Once, and for ever: what is right gets a new version."""

        verbose_name = _("withdrawal")
        verbose_name_plural = _("withdrawals")
        constraints = [models.CheckConstraint(condition=~Q(reason=""), name="centre_withdrawal_has_a_reason")]

    def __str__(self) -> str:
        """Name the withdrawal by its version."""
        return f"withdrawal {self.pk}"


class RolloutState(models.TextChoices):
    """A roll-out runs until its waves are through, until too many fail, or until somebody calls it off."""

    RUNNING = "running", _("running")
    DONE = "done", _("done")
    STOPPED = "stopped", _("stopped by itself")
    CANCELLED = "cancelled", _("cancelled")


class Rollout(models.Model):
    """A version brought to stations in waves. More than `tolerance` failures in a wave stop it."""

    version = models.ForeignKey(Version, models.PROTECT, related_name="+", verbose_name=_("version"))
    tolerance = models.PositiveIntegerField(_("failures that a wave may have"), default=0)
    wave = models.PositiveIntegerField(_("wave"), default=0)
    waves = models.PositiveIntegerField(_("waves"))
    wave_seconds = models.PositiveIntegerField(_("seconds that a wave may take"), default=600)
    state = models.CharField(_("state"), max_length=9, choices=RolloutState, default=RolloutState.RUNNING)
    started_at = models.DateTimeField(_("started at"))
    started_by = _by(_("started by"))
    ended_at = models.DateTimeField(_("ended at"), null=True)

    class Meta:
        """It ends once."""

        verbose_name = _("roll-out")
        verbose_name_plural = _("roll-outs")
        constraints = [
            models.CheckConstraint(condition=Q(state__in=RolloutState.values), name="centre_rollout_state_known"),
            models.CheckConstraint(
                condition=Q(state="running", ended_at=None) | (~Q(state="running") & Q(ended_at__isnull=False)),
                name="centre_rollout_ended_whole",
            ),
            models.CheckConstraint(
                condition=Q(wave__lte=F("waves"), waves__gte=1), name="centre_rollout_wave_in_range"
            ),
            models.CheckConstraint(
                condition=Q(wave_seconds__gte=5, wave_seconds__lte=86_400), name="centre_rollout_seconds_in_range"
            ),
        ]

    def __str__(self) -> str:
        """Name the roll-out by its number."""
        return f"roll-out {self.pk}"


class Planned(models.Model):
    """A station's turn in a roll-out, written down at its start."""

    rollout = models.ForeignKey(
        Rollout, models.PROTECT, related_name="planned", verbose_name=_("roll-out"), db_index=False
    )
    station = models.ForeignKey(Station, models.PROTECT, related_name="+", verbose_name=_("station"), db_index=False)
    wave = models.PositiveIntegerField(_("wave"))

    class Meta:
        """A station has one turn; the index serves the question who is in a wave."""

        verbose_name = _("planned station")
        verbose_name_plural = _("planned stations")
        constraints = [
            models.UniqueConstraint(fields=["rollout", "station"], name="centre_planned_once"),
            models.CheckConstraint(condition=Q(wave__gte=1), name="centre_planned_wave_from_one"),
        ]

    def __str__(self) -> str:
        """Name the row by its number."""
        return f"planned {self.pk}"


class Verb(models.TextChoices):
    """What stations can be told."""

    ROLL_CALL = "roll-call", _("answer the roll")
    RUN = "run", _("run an application")
    FETCH_COPY = "fetch-copy", _("fetch a copy")
    DROP_COPY = "drop-copy", _("drop a copy")
    PAUSE = "pause", _("pause")
    RESUME = "resume", _("resume")
    DRAIN = "drain", _("take no more runs")
    SET_LIMIT = "set-limit", _("set the limit of runs")
    UPGRADE = "upgrade", _("upgrade an application")
    STOP_RUN = "stop-run", _("stop a run")


class Instruction(models.Model):
    """What one, some or all stations were told. A run's arguments stand in its Run, since its input is not kept."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    verb = models.CharField(_("verb"), max_length=10, choices=Verb)
    arguments = models.JSONField(_("arguments"), default=dict, blank=True)
    asked_at = models.DateTimeField(_("asked at"))
    asked_by = _by(_("asked by"))
    expires_at = models.DateTimeField(_("valid until"))
    retry_of = models.ForeignKey(
        "self", models.PROTECT, null=True, related_name="+", verbose_name=_("repeats what failed of")
    )
    rollout = models.ForeignKey(
        Rollout, models.PROTECT, null=True, related_name="instructions", verbose_name=_("roll-out")
    )
    wave = models.PositiveIntegerField(_("wave"), null=True)

    class Meta:
        """Never changed; a roll-out's waves have one instruction each."""

        verbose_name = _("instruction")
        verbose_name_plural = _("instructions")
        constraints = [
            models.CheckConstraint(condition=Q(verb__in=Verb.values), name="centre_instruction_verb_known"),
            models.CheckConstraint(condition=Q(expires_at__gt=F("asked_at")), name="centre_instruction_expires_later"),
            models.CheckConstraint(
                condition=Q(rollout=None, wave=None) | Q(rollout__isnull=False, wave__gte=1),
                name="centre_instruction_wave_of_a_rollout",
            ),
            models.UniqueConstraint(
                fields=["rollout", "wave"], condition=~Q(rollout=None), name="centre_instruction_one_per_wave"
            ),
        ]
        indexes = [models.Index(fields=["-asked_at"], name="centre_instruction_history")]

    def __str__(self) -> str:
        """Name the instruction by its id."""
        return f"{self.verb} {self.pk.hex[:8]}"


class ErrandState(models.TextChoices):
    """One station's part of an instruction."""

    QUEUED = "queued", _("queued")
    SENT = "sent", _("sent")
    ACCEPTED = "accepted", _("accepted")
    RUNNING = "running", _("running")
    DONE = "done", _("done")
    FAILED = "failed", _("failed")
    EXPIRED = "expired", _("expired")
    CANCELLED = "cancelled", _("cancelled")


OPEN_STATES = (ErrandState.QUEUED, ErrandState.SENT, ErrandState.ACCEPTED, ErrandState.RUNNING)


class Errand(models.Model):
    """An instruction on its way to one station, and its result there. Errands of a station are sent in order of id.

    `send_at` is when it is sent next: again while a station that is alive has not answered; the station's journal makes
    that harmless. Null once it has ended.
    """

    instruction = models.ForeignKey(
        Instruction, models.PROTECT, related_name="errands", verbose_name=_("instruction"), db_index=False
    )
    station = models.ForeignKey(Station, models.PROTECT, related_name="errands", verbose_name=_("station"))
    state = models.CharField(_("state"), max_length=9, choices=ErrandState, default=ErrandState.QUEUED)
    send_at = models.DateTimeField(_("sent next at"), null=True)
    sends = models.PositiveIntegerField(_("times sent"), default=0)
    sent_at = models.DateTimeField(_("first sent at"), null=True)
    ended_at = models.DateTimeField(_("ended at"), null=True)
    result = models.JSONField(_("result"), default=dict, blank=True)
    error_code = models.CharField(_("error"), max_length=60, blank=True)
    error_message = models.CharField(_("what went wrong"), max_length=1000, blank=True)

    class Meta:
        """One for each station; 0002_rules.sql says which states may follow each other."""

        verbose_name = _("errand")
        verbose_name_plural = _("errands")
        constraints = [
            models.UniqueConstraint(fields=["instruction", "station"], name="centre_errand_one_per_station"),
            models.CheckConstraint(condition=Q(state__in=ErrandState.values), name="centre_errand_state_known"),
            models.CheckConstraint(
                condition=Q(state__in=OPEN_STATES, ended_at=None, send_at__isnull=False)
                | (~Q(state__in=OPEN_STATES) & Q(ended_at__isnull=False, send_at=None)),
                name="centre_errand_ended_whole",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["queued", "cancelled", "expired"]) | Q(sent_at__isnull=False),
                name="centre_errand_sent_first",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["queued", "cancelled"]) | Q(sent_at=None), name="centre_errand_not_sent"
            ),
        ]
        indexes = [
            # What to send now, and what has waited too long.
            models.Index(fields=["send_at"], condition=Q(send_at__isnull=False), name="centre_errand_open"),
        ]

    def __str__(self) -> str:
        """Name the errand by its number."""
        return f"errand {self.pk}"


class ReportState(models.TextChoices):
    """What a station reports of a step."""

    ACCEPTED = "accepted", _("accepted")
    RUNNING = "running", _("running")
    DONE = "done", _("done")
    FAILED = "failed", _("failed")
    REFUSED = "refused", _("refused")


class Report(models.Model):
    """A station's signed report of one step of an errand: the first one counts. Never changed, never deleted."""

    errand = models.ForeignKey(Errand, models.PROTECT, related_name="reports", verbose_name=_("errand"), db_index=False)
    sequence = models.PositiveSmallIntegerField(_("step"))
    state = models.CharField(_("state"), max_length=8, choices=ReportState)
    at = models.DateTimeField(_("at, by the station's clock"))
    received_at = models.DateTimeField(_("received at"))
    sha256 = models.CharField(_("digest of the signed report"), max_length=64)

    class Meta:
        """An errand has one report of each step."""

        verbose_name = _("report")
        verbose_name_plural = _("reports")
        constraints = [
            models.UniqueConstraint(fields=["errand", "sequence"], name="centre_report_first_counts"),
            models.CheckConstraint(
                condition=Q(sequence=SEQUENCE_ACCEPTED, state="accepted")
                | Q(sequence=2, state="running")
                | Q(sequence=SEQUENCE_FINAL, state__in=["done", "failed", "refused"]),
                name="centre_report_step_has_its_state",
            ),
        ]

    def __str__(self) -> str:
        """Name the report by its number."""
        return f"report {self.pk}"


class TurnedAway(models.Model):
    """How many messages the centre did not believe or did not need, by station and reason.

    Without a station: whoever sent it named none that is known here.
    """

    station = models.ForeignKey(Station, models.PROTECT, null=True, related_name="turned_away", db_index=False)
    code = models.CharField(_("reason"), max_length=60)
    count = models.PositiveBigIntegerField(_("messages"))
    last_at = models.DateTimeField(_("last at"))

    class Meta:
        """One count for each reason."""

        verbose_name = _("messages turned away")
        verbose_name_plural = _("messages turned away")
        constraints = [
            models.UniqueConstraint(
                fields=["station", "code"], nulls_distinct=False, name="centre_turnedaway_one_count"
            )
        ]

    def __str__(self) -> str:
        """Name the count by its number."""
        return f"count {self.pk}"


class RunState(models.TextChoices):
    """A run, as whoever asked for it sees it."""

    QUEUED = "queued", _("queued")
    RUNNING = "running", _("running")
    DONE = "done", _("done")
    FAILED = "failed", _("failed")
    EXPIRED = "expired", _("expired")


class CopyOrigin(models.TextChoices):
    """Whether the station had the copy."""

    LOCAL = "local", _("it was there")
    FETCHED = "fetched", _("fetched from the centre")


class Run(models.Model):
    """One wish that an application be run. Its input goes after a day; its output stays.

    Without an errand no station was free for it yet.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    version = models.ForeignKey(Version, models.PROTECT, related_name="+", verbose_name=_("version"))
    input = models.JSONField(_("input"), null=True)
    input_sha256 = models.CharField(_("digest of the input"), max_length=64)
    files = models.JSONField(_("large inputs by hash"), default=dict, blank=True)
    wanted_station = models.ForeignKey(
        Station, models.PROTECT, null=True, related_name="+", verbose_name=_("station asked for"), db_index=False
    )
    wanted_labels = ArrayField(models.CharField(max_length=40), verbose_name=_("near to"), default=list, blank=True)
    state = models.CharField(_("state"), max_length=7, choices=RunState, default=RunState.QUEUED)
    errand = models.OneToOneField(Errand, models.PROTECT, null=True, related_name="run", verbose_name=_("errand"))
    tried = ArrayField(
        models.BigIntegerField(), verbose_name=_("stations that did not take it"), default=list, blank=True
    )
    copy = models.CharField(_("copy"), max_length=7, choices=CopyOrigin, blank=True)
    output = models.JSONField(_("output"), null=True)
    error_code = models.CharField(_("error"), max_length=60, blank=True)
    error_message = models.CharField(_("what went wrong"), max_length=1000, blank=True)
    asked_at = models.DateTimeField(_("asked at"))
    asked_by = _by(_("asked by"))
    expires_at = models.DateTimeField(_("wanted until"))
    ended_at = models.DateTimeField(_("ended at"), null=True)
    input_swept_at = models.DateTimeField(_("input forgotten at"), null=True)

    class Meta:
        """A run that was done ran somewhere; an input that was swept is gone."""

        verbose_name = _("run")
        verbose_name_plural = _("runs")
        constraints = [
            models.CheckConstraint(condition=Q(state__in=RunState.values), name="centre_run_state_known"),
            models.CheckConstraint(condition=Q(copy__in=["", *CopyOrigin.values]), name="centre_run_copy_known"),
            models.CheckConstraint(
                condition=Q(state__in=["queued", "running"], ended_at=None)
                | Q(state__in=["done", "failed", "expired"], ended_at__isnull=False),
                name="centre_run_ended_whole",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["running", "done"]) | Q(errand__isnull=False), name="centre_run_ran_somewhere"
            ),
            models.CheckConstraint(condition=Q(input_swept_at=None) | Q(input=None), name="centre_run_swept_whole"),
            models.CheckConstraint(condition=Q(expires_at__gt=F("asked_at")), name="centre_run_expires_later"),
        ]
        indexes = [
            # Runs that wait for a station, and runs that have waited too long.
            models.Index(fields=["asked_at"], condition=Q(ended_at=None), name="centre_run_open"),
            models.Index(fields=["asked_at"], condition=Q(input_swept_at=None), name="centre_run_unswept"),
        ]

    def __str__(self) -> str:
        """Name the run by its id."""
        return f"run {self.pk.hex[:8]}"


class Lease(models.Model):
    """Who sends has it: two senders at once would mix up a station's order. At most one row."""

    held_until = models.DateTimeField(_("held until"))

    class Meta:
        """One row."""

        verbose_name = _("lease")
        verbose_name_plural = _("leases")
        constraints = [models.CheckConstraint(condition=Q(id=1), name="centre_lease_is_one")]

    def __str__(self) -> str:
        """Name the row."""
        return f"lease {self.pk}"
