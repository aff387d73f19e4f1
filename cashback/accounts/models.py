"""Who signs in. Holders never do: they have a card and a receipt."""

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    """What a person may do; two people means two users of the first two roles."""

    ORGANIZER = "organizer", _("organizer")
    CHECKER = "checker", _("checker")
    OPERATOR = "operator", _("operator")
    DEALER = "dealer", _("dealer")


class User(AbstractUser):
    """One person who signs in, with one role."""

    role = models.CharField(_("role"), max_length=10, choices=Role)

    REQUIRED_FIELDS = ["role"]

    class Meta(AbstractUser.Meta):
        """A dealer is never staff."""

        constraints = [
            models.CheckConstraint(condition=Q(role__in=Role.values), name="accounts_user_role_known"),
            models.CheckConstraint(
                condition=~Q(role="dealer") | Q(is_staff=False, is_superuser=False),
                name="accounts_user_dealer_is_not_staff",
            ),
        ]


class Prepared(models.Model):
    """What one person prepares and another approves, or either calls off; then nothing of it changes any more."""

    prepared_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="+",
        verbose_name=_("prepared by"),
        db_index=False,
    )
    prepared_at = models.DateTimeField(_("prepared at"))
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("approved by"),
        db_index=False,
    )
    approved_at = models.DateTimeField(_("approved at"), null=True, blank=True)
    called_off_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("called off by"),
        db_index=False,
    )
    called_off_at = models.DateTimeField(_("called off at"), null=True, blank=True)

    class Meta:
        """Each app's table has these constraints under its own name."""

        abstract = True
        constraints = [
            models.CheckConstraint(
                condition=Q(approved_by=None, approved_at=None)
                | (
                    Q(approved_by__isnull=False, approved_at__isnull=False, called_off_at=None)
                    & ~Q(approved_by=F("prepared_by"))
                ),
                name="%(app_label)s_%(class)s_two_people",
            ),
            models.CheckConstraint(
                condition=Q(called_off_by=None, called_off_at=None)
                | Q(called_off_by__isnull=False, called_off_at__isnull=False),
                name="%(app_label)s_%(class)s_called_off_has_its_time",
            ),
        ]
