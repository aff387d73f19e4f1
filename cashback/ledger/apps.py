"""Application configuration."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class LedgerConfig(AppConfig):
    """See the package's modules for what it does."""

    name = "cashback.ledger"
    verbose_name = _("The double-entry books")
