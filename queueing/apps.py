"""Application configuration."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class QueueingConfig(AppConfig):
    """See the package's modules for what it does."""

    name = "queueing"
    verbose_name = _("Sequence information")
