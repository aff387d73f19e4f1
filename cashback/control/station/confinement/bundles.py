"""Running a zip application from its bytes: what was verified is what runs, and no path leads to it."""

import importlib.machinery
import importlib.util
import io
import os
import sys
import traceback
import zipfile
from collections.abc import Sequence
from types import ModuleType
from typing import Final

_PLACE: Final = "/application"
_EXPANDED_BYTES_MAX: Final = 64 * 1024 * 1024


class BundleModules:
    """Finds and loads the modules of a bundle."""

    def __init__(self, data: bytes) -> None:
        self._sources: dict[str, tuple[str, bytes]] = {}
        with zipfile.ZipFile(io.BytesIO(data)) as bundle:
            if sum(entry.file_size for entry in bundle.infolist()) > _EXPANDED_BYTES_MAX:
                raise ValueError("the bundle expands to too much")
            for name in bundle.namelist():
                if name.endswith(".py"):
                    self._sources[name[:-3].replace("/", ".")] = (name, bundle.read(name))

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """The import system asks here for every module that is not loaded yet."""
        is_package = f"{name}.__init__" in self._sources
        if not is_package and name not in self._sources:
            return None
        return importlib.util.spec_from_loader(name, self, is_package=is_package)  # type: ignore[arg-type]

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> None:
        """Modules are made as usual."""

    def exec_module(self, module: ModuleType) -> None:
        """Run the module's source in it."""
        name = module.__name__
        self.run(name if name in self._sources else f"{name}.__init__", module)

    def run(self, name: str, module: ModuleType) -> None:
        """Run the source called `name` in a module. Raises KeyError where there is none."""
        path, source = self._sources[name]
        module.__file__ = f"{_PLACE}/{path}"
        exec(compile(source, module.__file__, "exec", dont_inherit=True), module.__dict__)  # noqa: S102


def run_application(data: bytes) -> int:
    """Run a bundle's __main__ in this process; its exit status. Descriptors 0, 1 and 2 are the application's."""
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115  (they last as long as the process)
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace", closefd=False)  # noqa: SIM115
    for name in [name for name in sys.modules if name.partition(".")[0] == "cashback"]:
        del sys.modules[name]
    os.environ.clear()
    sys.argv = [_PLACE]
    try:
        modules = BundleModules(data)
        sys.meta_path.append(modules)
        sys.modules["__main__"] = main = ModuleType("__main__")
        modules.run("__main__", main)
        sys.stdout.flush()
    except SystemExit as end:
        return _status(end)
    except BaseException as problem:  # noqa: BLE001  (the edge of the application's process)
        _tell(problem)
        return 1
    return 0


def _status(end: SystemExit) -> int:
    try:
        sys.stdout.flush()
        sys.stderr.flush()  # what it wrote before sys.exit(1) says why
    except OSError:
        return 1
    if end.code is None or isinstance(end.code, int):
        return (end.code or 0) & 0xFF
    sys.stderr.write(f"{end.code}\n")
    sys.stderr.flush()
    return 1


def _tell(problem: BaseException) -> None:
    try:
        sys.stderr.write("".join(traceback.format_exception_only(problem)))
        sys.stderr.flush()
    except (OSError, MemoryError):
        pass
