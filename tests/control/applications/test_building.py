import ast
import io
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from cashback.control.applications.building import BUILT_IN, NotAnApplication, build, build_folder, digest, packed
from cashback.env import ROOT


@pytest.mark.parametrize("application", BUILT_IN)
def test_a_bundle_is_the_same_bytes_wherever_and_whenever_it_is_built(application: str) -> None:
    command = "import sys; from cashback.control.applications.building import *; print(digest(build(sys.argv[1])))"
    for zone, seed in (("UTC", "1"), ("Asia/Shanghai", "2")):
        elsewhere = subprocess.run(
            [sys.executable, "-c", command, application],
            capture_output=True,
            check=True,
            cwd=ROOT,
            env={"TZ": zone, "PYTHONHASHSEED": seed, "LC_ALL": "C"},
            text=True,
        )
        assert elsewhere.stdout.strip() == digest(build(application))


@pytest.mark.parametrize("application", BUILT_IN)
def test_a_bundle_holds_the_sources_and_imports_nothing_but_them_and_python(application: str) -> None:
    with zipfile.ZipFile(io.BytesIO(build(application))) as bundle:
        names = bundle.namelist()
        sources = {name: bundle.read(name) for name in names}
    assert names == sorted(names)
    inside = {name.removesuffix(".py").replace("/", ".") for name in names}
    for name, source in sources.items():
        if name != "__main__.py" and source:
            assert source == (ROOT / name).read_bytes()
        for node in ast.walk(ast.parse(source)):
            assert not isinstance(node, ast.Import) or all(
                alias.name.partition(".")[0] in sys.stdlib_module_names for alias in node.names
            )
            if isinstance(node, ast.ImportFrom):
                assert node.module in inside or str(node.module).partition(".")[0] in sys.stdlib_module_names


def test_draws_are_checked_by_the_one_stand_alone_verifier() -> None:
    for application in ("draw-run", "draw-verify"):
        with zipfile.ZipFile(io.BytesIO(build(application))) as bundle:
            assert bundle.read("lottery/verify.py") == (ROOT / "lottery/verify.py").read_bytes()
            assert not [name for name in bundle.namelist() if name.startswith("cashback/lib")]


def test_a_folder_of_anybody_is_packed_in_one_way(tmp_path: Path) -> None:
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "b.pyc").write_bytes(b"x")
    (tmp_path / ".hidden").write_bytes(b"x")
    (tmp_path / "b.py").write_text("ANSWER = 42\n")
    (tmp_path / "__main__.py").write_text("import b; print(b.ANSWER)\n")
    first = build_folder(tmp_path)
    os.utime(tmp_path / "b.py", (0, 0))
    (tmp_path / "b.py").chmod(0o600)
    assert build_folder(tmp_path) == first
    with zipfile.ZipFile(io.BytesIO(first)) as bundle:
        assert bundle.namelist() == ["__main__.py", "b.py"]
        assert {entry.date_time for entry in bundle.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert {entry.compress_type for entry in bundle.infolist()} == {zipfile.ZIP_STORED}
    (tmp_path / "app.zip").write_bytes(first)
    done = subprocess.run([sys.executable, "-I", tmp_path / "app.zip"], capture_output=True, check=True)
    assert done.stdout == b"42\n"


def test_what_cannot_run_is_not_packed(tmp_path: Path) -> None:
    with pytest.raises(NotAnApplication, match=r"there is no __main__\.py"):
        build_folder(tmp_path)
    with pytest.raises(NotAnApplication, match="not printable ASCII"):
        packed({"__main__.py": b"", "天.py": b""})
    (tmp_path / "__main__.py").symlink_to("/etc/passwd")
    with pytest.raises(NotAnApplication, match="is a link"):
        build_folder(tmp_path)


def test_an_application_that_needs_more_than_python_is_not_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "wait_estimate").mkdir()
    (tmp_path / "wait_estimate" / "__main__.py").write_text("import django\n")
    monkeypatch.setattr("cashback.control.applications.building._HERE", tmp_path)
    with pytest.raises(NotAnApplication, match="imports django"):
        build("wait-estimate")


def test_a_station_runs_a_bundle_from_its_bytes(tmp_path: Path) -> None:
    (tmp_path / "app.zip").write_bytes(build("draw-verify"))
    program = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
from cashback.control.station.confinement.bundles import run_application
sys.path.remove({str(ROOT)!r})
with open({str(tmp_path / "app.zip")!r}, "rb") as file:
    data = file.read()
sys.exit(run_application(data))
"""
    done = subprocess.run(
        [sys.executable, "-I", "-c", program], input=b'{"draw":"X"}', capture_output=True, check=False, env={}
    )
    assert done.returncode == 1
    assert done.stderr.decode().splitlines()[-1].startswith("input.files.bundle is missing")
