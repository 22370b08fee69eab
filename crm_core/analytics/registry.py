"""What an analysis is, and the one registry of them.

    @analysis("rfm", reads=("orders", "order_lines", "customers"))
    def rfm(tables: Tables, params: RfmParams, progress: Progress) -> RfmReport:
        '''Recency, frequency and monetary value of each customer. …'''

`rfm` is then an Analysis: callable like the function, and known to the result store, the worker, the command line and
the API. `params` and the report are frozen dataclasses; see `values` and `report_codec` for what they may hold.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, is_dataclass
from importlib import import_module
from inspect import signature
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast, get_type_hints

from crm_core.access import Permission
from crm_core.analytics.code_version import code_version
from crm_core.analytics.progress import Cancelled, Progress, silent
from crm_core.analytics.values import named_types

if TYPE_CHECKING:
    from crm_core.warehouse import Tables

__all__ = ["DERIVED", "TABLES", "Analysis", "Cancelled", "Progress", "all_analyses", "analysis", "find", "get"]

TABLES = frozenset(
    {
        "customers", "products", "orders", "order_lines", "tickets", "ticket_events", "deals", "deal_moves",
        "deal_stages", "needs", "activities",
    }
)  # fmt: skip
"""The tables a snapshot holds."""

DERIVED = {"order_values": frozenset({"orders", "order_lines"})}
"""The tables it makes of them, and what of: whoever declares those may read it."""

P = TypeVar("P")
R = TypeVar("R")

_REGISTRY: dict[str, Analysis[Any, Any]] = {}


@dataclass(frozen=True, eq=False)
class Analysis(Generic[P, R]):
    """A function `(tables, params, progress) -> report` with what is needed to run it anywhere and keep its reports.

    `reads` are the tables it may touch: its reports are kept until one of those changes. `is_long` sends it to the
    worker always; `is_dated` says that the answer depends on today's date besides the parameters. One that
    `lists_people` names its customers: who takes its report away as data needs the right to export besides.
    """

    name: str
    compute: Callable[[Tables, P, Progress], R]
    reads: frozenset[str]
    permission: Permission
    is_long: bool
    is_dated: bool
    lists_people: bool
    params_type: type[P]
    report_type: type[R]
    types: Mapping[str, type]
    """The dataclasses and enumerations its parameters and reports are made of, by name."""
    code_version: str
    """A digest of the code that computes it, as it was imported; another one after any change of it."""

    def __call__(self, tables: Tables, params: P, progress: Progress = silent) -> R:
        """Compute the report now, in this thread, with no store and no permission check."""
        return self.compute(tables, params, progress)

    @property
    def module(self) -> str:
        """The module to import to have this analysis registered."""
        return self.compute.__module__


def analysis(
    name: str,
    *,
    reads: Iterable[str],
    permission: Permission = Permission.KPIS_VIEW,
    is_long: bool = False,
    is_dated: bool = False,
    lists_people: bool = False,
) -> Callable[[Callable[[Tables, P, Progress], R]], Analysis[P, R]]:
    """Register the decorated function as the analysis of that name.

    Raises:
        TypeError: the function's parameters or report are not annotated with dataclasses that resolve at run time.
        ValueError: an unknown table, or a name that another function has.
    """
    tables = frozenset(reads)
    if unknown := tables - TABLES:
        raise ValueError(f"analysis '{name}' reads {', '.join(sorted(unknown))}; a snapshot has no such table")

    def register(function: Callable[[Tables, P, Progress], R]) -> Analysis[P, R]:
        params_type, report_type = _types_of(name, function)
        made = Analysis(
            name=name,
            compute=function,
            reads=tables,
            permission=permission,
            is_long=is_long,
            is_dated=is_dated,
            lists_people=lists_people,
            params_type=cast("type[P]", params_type),
            report_type=cast("type[R]", report_type),
            types=named_types(params_type, report_type),
            code_version=code_version(function.__module__),  # now: the files may change while this process runs
        )
        # The instance, not the class, carries the function's words: help texts and method notes read them from it.
        made.__dict__.update(__doc__=function.__doc__, __name__=function.__name__, __wrapped__=function)
        other = _REGISTRY.get(name)
        # A reloaded module registers its functions anew; two functions of one name would share reports.
        if other is not None and (other.module, other.__dict__["__name__"]) != (made.module, function.__name__):
            raise ValueError(f"analysis '{name}' is registered twice, in {other.module} and {made.module}")
        _REGISTRY[name] = made
        return made

    return register


def get(name: str) -> Analysis[Any, Any]:
    """The registered analysis of that name; KeyError if its module was not imported or there is none."""
    return _REGISTRY[name]


def find(module: str, name: str) -> Analysis[Any, Any]:
    """The analysis of that name after importing the module that registers it."""
    import_module(module)
    return _REGISTRY[name]


def all_analyses() -> tuple[Analysis[Any, Any], ...]:
    """Every analysis registered by the modules imported so far, by name."""
    return tuple(_REGISTRY[name] for name in sorted(_REGISTRY))


def _types_of(name: str, function: Callable[..., Any]) -> tuple[type, type]:
    arguments = list(signature(function).parameters)
    annotations = function.__annotations__
    if len(arguments) != 3 or arguments[1] not in annotations or "return" not in annotations:
        raise TypeError(f"analysis '{name}' must be a function (tables, params: Params, progress) -> Report")
    # Only these two: `tables` may well be annotated with a name imported for type checking alone.
    wanted = SimpleNamespace(__annotations__={part: annotations[part] for part in (arguments[1], "return")})
    try:
        hints = get_type_hints(wanted, globalns=getattr(function, "__globals__", {}))
    except NameError as error:
        raise TypeError(f"the annotations of analysis '{name}' cannot be resolved at run time: {error}") from error
    for hint in hints.values():
        if not (isinstance(hint, type) and is_dataclass(hint) and hint.__dataclass_params__.frozen):  # type: ignore[attr-defined]
            raise TypeError(f"analysis '{name}': {hint!r} is not a frozen dataclass")
    return hints[arguments[1]], hints["return"]
