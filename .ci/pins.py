"""Keep requirements*.txt in step with pyproject.toml: `pins.py` checks, `pins.py --write` resolves anew."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
HEADER = "# Made by `make pins` from pyproject.toml; edit that instead.\n"


def read_pins(path: Path) -> dict[str, str]:
    """Name → exact version of every line of a requirements file."""
    pins: dict[str, str] = {}
    for line in path.read_text().splitlines():
        if not line.strip() or line.startswith(("#", "-r")):
            continue
        requirement = Requirement(line.split("#")[0].strip())
        (spec,) = requirement.specifier
        if spec.operator != "==":
            raise SystemExit(f"{path.name}: '{line}' is not pinned with ==")
        pins[canonicalize_name(requirement.name)] = spec.version
    return pins


def problems(wanted: list[str], pins: dict[str, str], where: str) -> list[str]:
    """One sentence for each requirement that the pins do not meet."""
    found = []
    for text in wanted:
        requirement = Requirement(text)
        pinned = pins.get(canonicalize_name(requirement.name))
        if pinned is None:
            found.append(f"{where} does not pin {requirement.name}; run `make pins`")
        elif not requirement.specifier.contains(pinned, prereleases=True):
            found.append(f"{where} pins {requirement.name} {pinned}, pyproject wants {requirement.specifier}")
    return found


def write(extra: str | None, target: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "uv",
        "pip",
        "compile",
        "--universal",
        "--python-version",
        "3.11",
        "--no-header",
        "--no-annotate",
        "--no-emit-index-url",
        "--quiet",
        "pyproject.toml",
    ]
    if extra:
        command += ["--extra", extra]
    resolved = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout  # noqa: S603
    target.write_text(HEADER + resolved)


def main() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    app, dev = ROOT / "requirements.txt", ROOT / "requirements-dev.txt"
    if "--write" in sys.argv:
        write(None, app)
        write("dev", dev)
    app_pins, dev_pins = read_pins(app), read_pins(dev)
    found = problems(project["dependencies"], app_pins, app.name)
    found += problems(project["optional-dependencies"]["dev"], dev_pins, dev.name)
    found += [
        f"{name} is pinned to {version} in {app.name} and {dev_pins.get(name)} in {dev.name}"
        for name, version in app_pins.items()
        if dev_pins.get(name) != version
    ]
    if found:
        raise SystemExit("\n".join(found))


if __name__ == "__main__":
    main()
