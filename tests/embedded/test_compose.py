"""docker-compose.yml, the Dockerfile and .env.example tell the same as the code."""

import json
import re
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from cashback.embedded import programs
from cashback.env import ROOT

SETTING = re.compile(r"""\benv\.(?:text|flag|number|path|words)\(\s*"([A-Z_]+)\"""")
READ_ELSEWHERE = {"VAR", "PORT", "POSTGRES_OWNER_PASSWORD", "POSTGRES_APPLICATION_PASSWORD"}


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    loaded = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    assert isinstance(loaded, dict)
    return loaded


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    loaded = json.loads((files("check_jsonschema") / "builtin_schemas/vendor/compose-spec.json").read_text())
    assert isinstance(loaded, dict)
    return loaded


def test_the_compose_file_fits_the_specification(compose: dict[str, Any], schema: dict[str, Any]) -> None:
    jsonschema.validate(compose, schema)


def test_the_schema_would_find_a_mistake(compose: dict[str, Any], schema: dict[str, Any]) -> None:
    broken = {**compose, "services": {**compose["services"], "web": {"imagee": "cashback"}}}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(broken, schema)


def test_containers_run_the_commands_that_make_run_runs(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert services["worker"]["command"] == programs.worker()
    assert services["beat"]["command"] == programs.beat(schedule=Path("/data/beat-schedule"))
    image = re.search(r"^CMD (.*)$", (ROOT / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE)
    assert image is not None
    assert json.loads(image[1]) == programs.web(bind="0.0.0.0:8000")


def test_only_migrate_knows_the_owners_password(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        knows = "POSTGRES_OWNER_PASSWORD" in json.dumps(service.get("environment", {}).get("MIGRATION_DATABASE_URL"))
        assert knows == (name == "migrate"), name


def test_every_setting_is_in_the_example_with_a_sentence() -> None:
    read = {name for path in (ROOT / "cashback").rglob("*.py") for name in SETTING.findall(path.read_text("utf-8"))}
    assert "SECRET_KEY" in read
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    explained = {line.partition("=")[0]: above for above, line in pairwise(lines) if re.match("[A-Z]", line)}
    assert read - set(explained) == set()
    assert set(explained) - read - READ_ELSEWHERE == set()
    for name, above in explained.items():
        assert re.match(r"# .{15,}", above), f"{name} has no sentence above it"
