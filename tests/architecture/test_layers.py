"""What import contracts cannot see: relations, look-ups by name, and whose tables a query names."""

import ast
import re
from pathlib import Path
from typing import Any

import pytest
from django.apps import AppConfig, apps

from cashback.env import ROOT

LAYERS = {
    "accounts": 0,
    "ledger": 1,
    "cards": 2,
    "queueing": 3,
    "payouts": 4,
    "lottery": 4,
    "centre": 5,
    "web": 6,
    "portal": 6,
    "api": 6,
    "demo": 7,
}
OURS = [config for config in apps.get_app_configs() if config.label in LAYERS]
TABLES = {model._meta.db_table: config.label for config in OURS for model in config.get_models()}
SQL_FILES = [path for config in OURS for path in Path(config.path).rglob("*.sql")]
SOURCES = [
    path
    for config in OURS
    for path in Path(config.path).rglob("*.py")
    if "migrations" not in path.parts and "embedded" not in path.parts
]


def _label(path: Path) -> str:
    owners = [config for config in OURS if path.is_relative_to(config.path)]
    return max(owners, key=lambda config: len(str(config.path))).label


@pytest.mark.parametrize("config", OURS, ids=lambda config: config.label)
def test_relations_point_to_the_same_layer_or_below(config: AppConfig) -> None:
    for model in config.get_models():
        for field in model._meta.fields:
            remote: Any = field.remote_field
            if remote is None:
                continue
            target = remote.model._meta.app_label
            if target not in LAYERS:
                continue
            here = config.label
            assert LAYERS[target] <= LAYERS[here], f"{model.__name__}.{field.name} points up to {target}"
            if target != here:
                name = remote.related_name or ""
                assert name.endswith("+"), f"{model.__name__}.{field.name} leaves a name on {target}"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_app_looks_models_up_by_name(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    names |= {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    assert not names & {"get_model", "import_string"}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_module_imports_inside_a_function(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            inner = [node for node in ast.walk(function) if isinstance(node, ast.Import | ast.ImportFrom)]
            assert not inner, f"{function.name} imports where it runs"


@pytest.mark.parametrize("path", SQL_FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_query_names_tables_of_its_layer_or_below_and_writes_only_its_own(path: Path) -> None:
    here = _label(path)
    text = re.sub(r"--[^\n]*", "", path.read_text(encoding="utf-8"))
    for table, owner in TABLES.items():
        if not re.search(rf"\b{table}\b", text):
            continue
        assert LAYERS[owner] <= LAYERS[here], f"{table} is above {here}"
        if owner != here:
            written = rf"(INSERT\s+INTO|UPDATE|DELETE\s+FROM|ALTER\s+TABLE|TRUNCATE)\s+(ONLY\s+)?{table}\b"
            assert not re.search(written, text, re.IGNORECASE), f"{here} writes {table}"


def test_every_package_file_stays_empty() -> None:
    packages = [path for config in OURS for path in Path(config.path).rglob("__init__.py")]
    packages += list((ROOT / "cashback").rglob("__init__.py"))
    assert [str(path) for path in packages if path.read_text(encoding="utf-8").strip()] == []


def test_no_module_is_longer_than_four_hundred_lines() -> None:
    """Verbs are; models.py is an app's whole schema in one place."""
    verbs = [path for path in SOURCES if path.name != "models.py"]
    long = [str(path) for path in verbs if len(path.read_text(encoding="utf-8").splitlines()) > 400]
    assert long == []
