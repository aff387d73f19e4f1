"""Every code that the pages put into words has one."""

import ast
import re
from pathlib import Path

import payouts
import queueing
from cashback.web.words import OUR_REASONS

HOMES = [Path(app.__path__[0]) for app in (queueing, payouts)]
BLOCK = re.compile(r"^-- name: (\w+)$(.*?)(?=^-- name: |\Z)", re.MULTILINE | re.DOTALL)
WRITTEN = re.compile(r"extended_for = (.*)")
INSERTED = re.compile(
    r"extended_for\)\s+(?:SELECT|VALUES).*?('\w*'|%\(\w+\)s)\)?\s+(?:FROM|ON CONFLICT|RETURNING)", re.DOTALL
)


def test_every_reason_to_keep_details_longer_has_a_word() -> None:
    literal: set[str] = set()
    asking: set[str] = set()
    for path in (path for home in HOMES for path in home.rglob("*.sql")):
        for name, text in BLOCK.findall(path.read_text()):
            written = " ".join([*WRITTEN.findall(text), *INSERTED.findall(text)])
            literal.update(re.findall(r"'(\w+)'", written))
            if "%(why)s" in written:
                asking.add(name)
    assert asking >= {"extend", "extend_held", "extend_moved", "keep_until"}
    codes = literal | {code for path in _modules() for code in _given(path, asking)}
    assert codes >= {"payout", "payout_open", "closing_moved", "gift_open"}
    assert codes - set(OUR_REASONS) == set()


def _modules() -> list[Path]:
    return [path for home in HOMES for path in home.rglob("*.py") if "migrations" not in path.parts]


def _given(path: Path, asking: set[str]) -> set[str]:
    """The codes that a module gives to those queries, or to the verb `extend`."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef) and asking & set(_texts(node)):
            for given in (inner for inner in ast.walk(node) if isinstance(inner, ast.Dict)):
                for key, value in zip(given.keys, given.values, strict=True):
                    if isinstance(key, ast.Constant) and key.value == "why":
                        found.update(_texts(value))
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "extend":
            found.update(text for word in node.keywords if word.arg == "why" for text in _texts(word.value))
    return found


def _texts(node: ast.AST) -> list[str]:
    return [inner.value for inner in ast.walk(node) if isinstance(inner, ast.Constant) and isinstance(inner.value, str)]
