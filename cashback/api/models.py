"""Rows that belong to requests rather than to the program: answers that can be repeated."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class IdempotencyRecord(models.Model):
    """One keyed request: its scope, the keyed digest of its body, and its sealed answer; kept 24 hours."""

    scope = models.BinaryField(_("scope"), max_length=32)
    body_digest = models.BinaryField(_("digest of the body"), max_length=32, null=True)
    status = models.PositiveSmallIntegerField(_("status"), null=True)
    answer = models.BinaryField(_("sealed answer"), null=True)
    started_at = models.DateTimeField(_("started at"))

    class Meta:
        """The scope is a keyed digest of caller, path and key; sweeping goes by time."""

        verbose_name = _("idempotency record")
        verbose_name_plural = _("idempotency records")
        constraints = [
            models.UniqueConstraint(fields=["scope"], name="api_idempotencyrecord_once"),
            models.CheckConstraint(
                condition=Q(status=None, answer=None) | Q(status__isnull=False, answer__isnull=False),
                name="api_idempotencyrecord_answer_whole",
            ),
        ]
        indexes = [models.Index(fields=["started_at"], name="api_idempotencyrecord_sweep")]

    def __str__(self) -> str:
        """Name the record by its id."""
        return f"idempotency record {self.pk}"
