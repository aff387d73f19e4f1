"""Application configuration."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    """See the package's modules for what it does."""

    name = "cashback.accounts"
    verbose_name = _("People who sign in")
