"""What there is to say of one page."""

from __future__ import annotations

from dataclasses import dataclass

from crm_core.access import Permission


@dataclass(frozen=True)
class PageSpec:
    """One page of the app. `is_hidden` pages are reached from others and not listed."""

    name: str
    section: str
    title: str
    summary: str
    icon: str
    permission: Permission | None
    is_hidden: bool = False

    @property
    def file(self) -> str:
        return f"../pages/{self.name}.py"
