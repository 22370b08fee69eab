"""The revenue bridge: how net sales got from the compared period to this one, exactly.

Each known customer with a sale or refund in either period falls into one component, with the whole difference between
their two net sales; guests are one component of their own. So the components add up to the change, to the last digit.

| component | customers |
|---|---|
| new | bought now, not then, and never before the compared period ended |
| resurrected | bought now, not then, but earlier |
| expansion | bought in both and net sales rose |
| contraction | bought in both and net sales fell |
| dormant | bought then, not now |
| guests | nobody known |

Customers with refunds alone in both periods bought in neither: expansion if their net sales rose, contraction if they
fell. Where the compared period ends right where this one starts, "never before it ended" means first ever sale in this
period; compared with a year ago it means gained since.
"""

from __future__ import annotations

from collections.abc import Mapping

import narwhals as nw
import pandas as pd

from crm_core.analytics.measures import Measures, Windows, as_number
from crm_core.db.types import from_e4

COMPONENTS = ("new", "resurrected", "expansion", "contraction", "dormant", "guests")


def bridge_sums(windows: Windows, timezone: str) -> dict[str, nw.Expr]:
    """Sums over `customer_history` that give amount and customers of each component but guests; none if nothing is
    compared."""
    if len(windows.shown) == 1:
        return {}
    _, compared_end = windows.shown[1].instants(timezone)
    change = nw.col("net_0") - nw.col("net_1")
    buys, bought = nw.col("sale_0") > 0, nw.col("sale_1") > 0
    is_gained = nw.col("first_at") >= nw.lit(compared_end)
    stays = (buys & bought) | (~buys & ~bought)
    components = {
        "new": buys & ~bought & is_gained,
        "resurrected": buys & ~bought & ~is_gained,
        "expansion": stays & (change > 0),
        "contraction": stays & (change < 0),
        "dormant": ~buys & bought,
    }
    sums: dict[str, nw.Expr] = {}
    for name, condition in components.items():
        sums[f"bridge_{name}_e4"] = nw.when(condition).then(change).otherwise(nw.lit(0)).sum().cast(nw.Int64)
        sums[f"bridge_{name}_customers"] = as_number(condition).sum().cast(nw.Int64)
    return sums


def bridge_of(customers: Mapping[str, int], measured: tuple[Measures, ...]) -> pd.DataFrame:
    """One row per component in the order above: component, amount (signed Decimal), customers (0 for guests).

    The amounts add up to net sales of the period − net sales of the compared one. Empty if nothing is compared.
    """
    names = COMPONENTS if len(measured) > 1 else ()
    known = [name for name in names if name != "guests"]
    amounts = [from_e4(customers[f"bridge_{name}_e4"]) for name in known]
    counts = [customers[f"bridge_{name}_customers"] for name in known]
    if len(measured) > 1:
        amounts.append(from_e4(measured[0].guest_net_e4 - measured[1].guest_net_e4))
        counts.append(0)
    return pd.DataFrame(
        {
            "component": pd.Series(names, dtype="str"),
            "amount": pd.Series(amounts, dtype=object),
            "customers": pd.Series(counts, dtype="int64"),
        }
    )
