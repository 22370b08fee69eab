"""What the tests of the demo share: a workspace in a folder, and its tables read back."""

from datetime import date
from pathlib import Path

import pandas as pd
from sqlalchemy import func, select, text

from crm_core.config import Settings
from crm_core.db.models import Customer, Order, OrderLine, Product
from crm_core.workspace import Workspace

TODAY = date(2026, 3, 1)


def opened(folder: Path, *, currency: str = "EUR") -> Workspace:
    settings = Settings(data_dir=folder, timezone="Europe/Berlin", currency=currency, _env_file=None)  # type: ignore[call-arg]
    return Workspace.open(settings, create=True)


def frame(workspace: Workspace, statement: str) -> pd.DataFrame:
    with workspace.database.engine.connect() as connection:
        result = connection.execute(text(statement))
        return pd.DataFrame(result.all(), columns=list(result.keys()))


def counts(workspace: Workspace) -> tuple[int, ...]:
    with workspace.read() as session:
        return tuple(
            session.execute(select(func.count()).select_from(model)).scalar_one()
            for model in (Customer, Order, OrderLine, Product)
        )
