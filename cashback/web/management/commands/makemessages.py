"""Collect texts for the translators: Django's command, and with it the refusals, whose texts are docstrings."""

import ast
import inspect
from collections.abc import Iterator
from typing import Any

from django.core.management.commands import makemessages

from cashback.env import ROOT

PACKAGES = ("cashback", "cards", "queueing", "payouts", "lottery")
# Written for the collector, and removed again.
COLLECTED = ROOT / "cashback" / "web" / "refusals_for_translators.py"


class Command(makemessages.Command):
    """Django's makemessages; every refusal's text is collected too."""

    def handle(self, *args: Any, **options: Any) -> None:
        """Put the refusals where they are found, and collect."""
        lines = [f"_({text!r})\n" for text in refusals()]
        COLLECTED.write_text("".join(lines), encoding="utf-8")
        try:
            super().handle(*args, **options)
        finally:
            COLLECTED.unlink()


def refusals() -> list[str]:
    """The text of every DomainError in our code as `source_message` gives it, each once."""
    classes = list(_classes())  # two apps may call a refusal by the same name
    found = {"DomainError"}
    while True:
        more = {kind.name for kind in classes if found & {ast.unparse(base) for base in kind.bases}} - found
        if not more:
            break
        found |= more
    return sorted({_first_paragraph(kind) for kind in classes if kind.name in found} - {""})


def _classes() -> Iterator[ast.ClassDef]:
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            yield from (node for node in ast.walk(tree) if isinstance(node, ast.ClassDef))


def _first_paragraph(kind: ast.ClassDef) -> str:
    paragraph, _, _ = inspect.cleandoc(ast.get_docstring(kind) or "").partition("\n\n")
    return " ".join(paragraph.split())
