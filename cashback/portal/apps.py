"""Application configuration."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PortalConfig(AppConfig):
    """See the package's modules for what it does."""

    name = "cashback.portal"
    verbose_name = _("Dealers")
