"""Application configuration."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PayoutsConfig(AppConfig):
    """See the package's modules for what it does."""

    name = "payouts"
    verbose_name = _("Money and gifts out")
