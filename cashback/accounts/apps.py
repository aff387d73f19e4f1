"""Application configuration."""

from importlib import import_module

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    """People who sign in; being the lowest app, it also loads Celery's application for every process."""

    name = "cashback.accounts"
    verbose_name = _("People who sign in")

    def ready(self) -> None:
        """Load the Celery application: without it a shared task would look for another broker."""
        import_module("cashback.celery")
