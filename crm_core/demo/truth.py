"""What is true of a simulated workspace, kept beside its data for tests: parameters, bundles, prices, every life."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq

from crm_core.demo.config import Bundle, Segment, SimulationConfig
from crm_core.demo.desk import Agent, Spike
from crm_core.errors import NotFound
from crm_core.workspace import Workspace

PROSPECT = "prospect"
"""The segment of customers who never bought."""


@dataclass(frozen=True)
class PricePoint:
    """What a product costs from an instant on, in ten-thousandths of the currency."""

    code: str
    valid_from: datetime
    unit_price_e4: int


@dataclass(frozen=True)
class SharedWish:
    """A need that is planted: its English title, the code of its product, and its part of all needs."""

    title: str
    product: str
    share: float


@dataclass(frozen=True)
class Truth:
    """What the simulator put into a workspace.

    Attributes:
        start_at, end_at: the simulated span, [start, end).
        popularity: how often each product is picked outside bundles, by code; adds up to 1.
        prices: all price points, by product and time.
        agents: who answers tickets, how fast, and their accounts.
        spikes: the days on which tickets of a category were planted, and how many times the usual ones.
        win_odds: the chance to win a deal, by its source and the open stage it is in.
        stage_days: median days of a deal in each open stage.
        wishes: what many customers wish for.
        customers_file: see `customers`.

    How much slow answers cost is `config.slow_answer_factor`.
    """

    seed: int
    n_customers: int
    today: date
    timezone: str
    currency: str
    start_at: datetime
    end_at: datetime
    config: SimulationConfig
    bundles: tuple[Bundle, ...]
    popularity: dict[str, float]
    prices: tuple[PricePoint, ...]
    agents: tuple[Agent, ...]
    spikes: tuple[Spike, ...]
    win_odds: dict[str, dict[str, float]]
    stage_days: dict[str, float]
    wishes: tuple[SharedWish, ...]
    customers_file: Path

    @cached_property
    def customers(self) -> pd.DataFrame:
        """One row per customer.

        Columns: customer_id; number (the customer's life depends only on it and the seed); segment; rate_per_week (λ in
        an average week); drop_out (p); mean_spend (the customer's own mean value of an order, in money);
        first_order_at; dropped_at (the last purchase after which there can be no other; missing while alive);
        n_orders (orders with sale lines); is_duplicate_of (the customer this is a second record of; missing for most).
        """
        table = pq.read_table(self.customers_file)
        frame: pd.DataFrame = table.to_pandas()
        frame["is_duplicate_of"] = pd.array(table["is_duplicate_of"].to_pylist(), dtype="Int64")
        return frame


def truth_folder(workspace: Workspace) -> Path:
    """Where the truth of a simulated workspace lies."""
    return workspace.folder / "demo"


def load_truth(workspace: Workspace) -> Truth:
    """What the last fill put into this workspace.

    Raises:
        NotFound: the simulator never filled it.
    """
    folder = truth_folder(workspace)
    try:
        facts = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise NotFound(
            "This workspace was not filled by the simulator. Fill an empty one with: rapport demo"
        ) from error
    start_at = datetime.fromisoformat(facts["start_at"])
    plain = facts["config"] | {"segments": [Segment(**segment) for segment in facts["config"]["segments"]]}
    config: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in plain.items()}
    return Truth(
        seed=facts["seed"],
        n_customers=facts["n_customers"],
        today=date.fromisoformat(facts["today"]),
        timezone=facts["timezone"],
        currency=facts["currency"],
        start_at=start_at,
        end_at=datetime.fromisoformat(facts["end_at"]),
        config=SimulationConfig(**config),
        bundles=tuple(Bundle(**bundle | {"codes": tuple(bundle["codes"])}) for bundle in facts["bundles"]),
        popularity=facts["popularity"],
        prices=tuple(
            PricePoint(code, start_at if since is None else datetime.fromtimestamp(since, UTC), price)
            for code, since, price in facts["prices"]
        ),
        agents=tuple(Agent(**agent) for agent in facts.get("agents", ())),
        spikes=tuple(
            Spike(**spike | {"first_on": date.fromisoformat(spike["first_on"])}) for spike in facts.get("spikes", ())
        ),
        win_odds=facts.get("win_odds", {}),
        stage_days=facts.get("stage_days", {}),
        wishes=tuple(SharedWish(**wish) for wish in facts.get("wishes", ())),
        customers_file=folder / "truth_customers.parquet",
    )
