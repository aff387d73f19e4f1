"""Application configuration."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class LotteryConfig(AppConfig):
    """See the package's modules for what it does."""

    name = "lottery"
    verbose_name = _("Chance")
