"""Application configuration."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CentreConfig(AppConfig):
    """See the package's modules for what it does."""

    name = "cashback.control.centre"
    label = "centre"
    verbose_name = _("Control")
