"""Who signs in. Holders never do: they have a card and a receipt."""

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import Q
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
