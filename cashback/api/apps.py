"""Application configuration."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ApiConfig(AppConfig):
    """See the package's modules for what it does."""

    name = "cashback.api"
    verbose_name = _("API")
