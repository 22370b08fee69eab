"""Which code computes a report: a digest that changes whenever that code does.

Imports are followed by reading the sources, not by importing: an import inside a function counts before it has run.
Names that only look like imports (in a docstring) lead to no file, or to one file too many, which does no harm.
"""

from __future__ import annotations

import re
import sys
from functools import cache, lru_cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]
_FOLLOWED = ("crm_core.analytics", "crm_core.warehouse")
_LIBRARIES = ("duckdb", "mlxtend", "narwhals", "numpy", "pandas", "pyarrow", "scikit-learn", "scipy")
_IMPORTS = re.compile(
    r"^[ \t]*(?:from[ \t]+(?P<base>\.*[\w.]*)[ \t]+import[ \t]+(?P<names>\([^)]*\)|[^\n]*)"
    r"|import[ \t]+(?P<whole>[^\n]*))",
    re.MULTILINE,
)


def code_version(module: str) -> str:
    """A digest of the module's source, of the analytics and warehouse modules it imports (and those they import), and
    of the versions of the libraries that compute."""
    own = getattr(sys.modules.get(module), "__file__", None)
    return source_digest(module, Path(own) if own else _file_of(module, _ROOT), _ROOT, _library_versions())


def source_digest(module: str, file: Path | None, root: Path, also: str = "") -> str:
    """A digest of the module in that file, of the modules under `root` it leads to that are followed, and of `also`."""
    files: dict[str, str] = {}
    waiting: list[tuple[str, Path | None]] = [(module, file)]
    while waiting:
        name, path = waiting.pop()
        if path is None or name in files:
            continue
        stat = path.stat()
        files[name], imported = _read(path, name, stat.st_mtime_ns, stat.st_size)
        waiting += [(other, _file_of(other, root)) for other in imported if other.startswith(_FOLLOWED)]
    return sha256("\n".join([also, *(f"{name} {files[name]}" for name in sorted(files))]).encode()).hexdigest()


@lru_cache(maxsize=4096)
def _file_of(module: str, root: Path) -> Path | None:
    """Where the module lies under `root`; None for a name that is no module (a function imported from one)."""
    path = root.joinpath(*module.split("."))
    return next((file for file in (path.with_suffix(".py"), path / "__init__.py") if file.is_file()), None)


@lru_cache(maxsize=512)
def _read(path: Path, name: str, _mtime_ns: int, _size: int) -> tuple[str, tuple[str, ...]]:
    """The source's digest, and every name it might import as a module."""
    source = path.read_bytes()
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    imported: set[str] = set()
    for found in _IMPORTS.finditer(source.decode()):
        if found["whole"] is not None:
            imported.update(part.split()[0] for part in found["whole"].split(",") if part.split())
            continue
        base = found["base"]
        if n_dots := len(base) - len(base.lstrip(".")):
            above = package.rsplit(".", n_dots - 1)[0]
            base = f"{above}.{base.lstrip('.')}".rstrip(".")
        imported.add(base)
        imported.update(f"{base}.{part}" for part in re.findall(r"\w+", found["names"]))
    return sha256(source).hexdigest(), tuple(sorted(imported))


@cache
def _library_versions() -> str:
    return " ".join(f"{library} {version(library)}" for library in _LIBRARIES)
