"""Application configuration."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CardsConfig(AppConfig):
    """See the package's modules for what it does."""

    name = "cards"
    verbose_name = _("Inventory")
