"""Registering analyses: what is refused, what a code change does, what an analysis may touch."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from crm_core.access import SYSTEM, Permission
from crm_core.analytics import registry
from crm_core.analytics.code_version import source_digest
from crm_core.analytics.progress import within
from crm_core.analytics.registry import Progress, analysis
from crm_core.errors import AnalysisFailed
from crm_core.warehouse import Tables
from crm_core.workspace import Workspace
from tests.core.sample_analyses import CountParams, count, undeclared

if TYPE_CHECKING:
    from decimal import Decimal as OnlyForTypes


@dataclass(frozen=True)
class Params:
    n: int = 0


@dataclass(frozen=True)
class Report:
    n: int


@dataclass
class Thawed:
    n: int = 0


@dataclass(frozen=True)
class Unresolved:
    amount: OnlyForTypes


@pytest.fixture(autouse=True)
def _registry_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_REGISTRY", dict(registry._REGISTRY))


def test_a_decorated_function_is_an_analysis_with_its_types_and_words() -> None:
    @analysis("doubled", reads=("orders",), permission=Permission.SEGMENTS_VIEW, is_long=True)
    def doubled(tables: Tables, params: Params, progress: Progress) -> Report:
        """Twice the number."""
        return Report(params.n * 2)

    assert (doubled.name, doubled.reads, doubled.permission) == ("doubled", {"orders"}, Permission.SEGMENTS_VIEW)
    assert (doubled.params_type, doubled.report_type, doubled.module) == (Params, Report, __name__)
    assert (doubled.is_long, doubled.is_dated, doubled.__doc__) == (True, False, "Twice the number.")
    nothing: Any = None
    assert doubled(nothing, Params(4)) == Report(8)
    assert registry.get("doubled") is doubled
    assert doubled in registry.all_analyses()


def test_an_analysis_is_found_by_importing_its_module() -> None:
    assert registry.find("tests.core.sample_analyses", "sample_count") is count


def test_two_functions_cannot_have_one_name() -> None:
    with pytest.raises(ValueError, match=f"'sample_count' is registered twice, in {count.module} and {__name__}"):

        @analysis("sample_count", reads=())
        def other(tables: Tables, params: Params, progress: Progress) -> Report: ...


def test_a_reloaded_module_registers_its_functions_again() -> None:
    def register() -> registry.Analysis[Params, Report]:
        @analysis("again", reads=())
        def again(tables: Tables, params: Params, progress: Progress) -> Report: ...

        return again

    assert register() is not register()


def test_an_unknown_table_is_refused() -> None:
    with pytest.raises(ValueError, match="'lost' reads invoices; a snapshot has no such table"):
        analysis("lost", reads=("orders", "invoices"))


def test_functions_that_do_not_say_what_they_take_and_give_are_refused() -> None:
    with pytest.raises(TypeError, match=r"'bare' must be a function \(tables, params: Params, progress\) -> Report"):

        @analysis("bare", reads=())
        def bare(tables, params, progress): ...  # type: ignore[no-untyped-def]

    with pytest.raises(TypeError, match=r"'thawed'.*Thawed.* is not a frozen dataclass"):

        @analysis("thawed", reads=())
        def thawed(tables: Tables, params: Thawed, progress: Progress) -> Report: ...

    with pytest.raises(TypeError, match=r"test_registry:Unresolved cannot be resolved at run time: .*OnlyForTypes"):

        @analysis("unresolved", reads=())
        def unresolved(tables: Tables, params: Unresolved, progress: Progress) -> Report: ...


def test_a_table_that_is_not_declared_cannot_be_read(workspace: Workspace) -> None:
    """Else its report would be kept although that table changed."""
    with pytest.raises(AnalysisFailed, match="'sample_undeclared' does not declare that it reads customers"):
        workspace.analyses.run(undeclared, CountParams(), actor=SYSTEM)


def test_a_change_of_any_code_an_analysis_leads_to_gives_another_version(tmp_path: Path) -> None:
    analytics = tmp_path / "crm_core" / "analytics"
    (analytics / "deep").mkdir(parents=True)
    sources = {
        "rfm.py": "from crm_core.analytics import a\nimport crm_core.analytics.b as b, os\n",
        "a.py": "from crm_core.analytics import (\n    c,\n    f,\n)\n",
        "b.py": "def later():\n    from crm_core.analytics.d import x\n",
        "c.py": "from . import e\nfrom .deep import y\n",
        "d.py": "x = 1",
        "e.py": "import crm_core.analytics.rfm",
        "f.py": "",
        "deep/__init__.py": "from ..g import y",
        "g.py": "y = 1",
        "__init__.py": "",
        "stranger.py": "",
    }
    for name, source in sources.items():
        (analytics / name).write_text(source)

    def digest() -> str:
        return source_digest("crm_core.analytics.rfm", analytics / "rfm.py", tmp_path, "pandas 3.1")

    seen = {digest()}
    for name in sources:
        before = digest()
        (analytics / name).write_text(sources[name] + "\n# changed")
        assert (digest() == before) is (name == "stranger.py"), name
        seen.add(digest())
    assert len(seen) == len(sources)
    assert source_digest("crm_core.analytics.rfm", analytics / "rfm.py", tmp_path, "pandas 3.2") not in seen


def test_the_code_version_covers_the_module_of_an_analysis_outside_the_package() -> None:
    from crm_core.analytics.code_version import code_version

    assert code_version(__name__) != code_version("crm_core.analytics.registry")
    assert count.code_version == code_version("tests.core.sample_analyses")


@dataclass
class Heard:
    said: list[tuple[float, str]] = field(default_factory=list)

    def __call__(self, fraction: float, step: str) -> None:
        self.said.append((round(fraction, 9), step))


def test_a_part_of_a_run_fills_its_share_of_the_progress() -> None:
    heard = Heard()
    part = within(heard, 0.2, 0.8)
    part(0.0, "begin")
    part(0.5, "middle")
    part(7.0, "too far")
    assert heard.said == [(0.2, "begin"), (0.5, "middle"), (0.8, "too far")]
