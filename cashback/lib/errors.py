"""Foreseen refusals. Each is a class beside the code that raises it; the faces map them to HTTP in one place."""

import inspect
from collections.abc import Mapping
from typing import ClassVar

from django.utils.translation import gettext


class DomainError(Exception):
    """The request cannot be carried out."""

    # Stable for programs; the text is for people and may be reworded.
    code: ClassVar[str] = "refused"

    def __init__(self, **context: object) -> None:
        """Keep the values that the message names as %(name)s. Never give personal data: messages reach logs."""
        super().__init__(self.code)
        self.context = context

    @property
    def message(self) -> str:
        """The first paragraph of the class's docstring, in the active language, with the context filled in."""
        text = gettext(self.source_message())
        return text % self.context if self.context else text

    @classmethod
    def source_message(cls) -> str:
        """The message as the translators see it: one line of English."""
        paragraph, _, _ = inspect.cleandoc(cls.__doc__ or "").partition("\n\n")
        return " ".join(paragraph.split())

    def __str__(self) -> str:
        return self.message


class InvalidDetails(DomainError):
    """Some of the details cannot be used as they are."""

    code = "invalid_details"

    def __init__(self, errors: Mapping[str, list[str]]) -> None:
        """`errors` maps a field's path in the API ("holder.name") to what is wrong with it."""
        super().__init__()
        self.errors: dict[str, list[str]] = dict(errors)
