"""Application configuration."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class WebConfig(AppConfig):
    """See the package's modules for what it does."""

    name = "cashback.web"
    verbose_name = _("Pages")
