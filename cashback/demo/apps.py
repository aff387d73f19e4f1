"""Application configuration."""

from django.apps import AppConfig


class DemoConfig(AppConfig):
    """The demo: a founded program, its traffic, and simulations. Has no tables."""

    name = "cashback.demo"
