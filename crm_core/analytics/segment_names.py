"""What sets a cluster apart from the average customer, in words."""

from __future__ import annotations

import numpy as np

from crm_core.translation import N_

CLEAR = 0.5
"""How many standard deviations from the average count as different."""
MOST_TRAITS = 3

_NAMES = {
    ("recent", "high"): N_("Best customers"),
    ("recent", "middle"): N_("Active regulars"),
    ("recent", "low"): N_("Recent small buyers"),
    ("average", "high"): N_("Big spenders"),
    ("average", "middle"): N_("Average customers"),
    ("average", "low"): N_("Small buyers"),
    ("lapsed", "high"): N_("Lapsed big spenders"),
    ("lapsed", "middle"): N_("Lapsed regulars"),
    ("lapsed", "low"): N_("Lapsed small buyers"),
}

_MANNERS = {
    ("discounts", 1): N_("Bargain hunters"),
    ("refunds", 1): N_("Frequent returners"),
    ("regularity", -1): N_("Steady buyers"),
    ("regularity", 1): N_("Erratic buyers"),
    ("products", 1): N_("Wide-ranging buyers"),
    ("categories", 1): N_("Wide-ranging buyers"),
    ("products", -1): N_("Buyers of few things"),
    ("categories", -1): N_("Buyers of few things"),
    ("tenure", 1): N_("Long-standing customers"),
    ("tenure", -1): N_("New customers"),
}
"""Names by the manner of buying, where it is what sets a cluster apart most."""

_TRAITS = {
    ("recency", -1): N_("bought more recently than most"),
    ("recency", 1): N_("have not bought for longer than most"),
    ("frequency", 1): N_("order more often than most"),
    ("frequency", -1): N_("order less often than most"),
    ("monetary", 1): N_("spend more than most"),
    ("monetary", -1): N_("spend less than most"),
    ("tenure", 1): N_("have been customers for longer than most"),
    ("tenure", -1): N_("became customers later than most"),
    ("order_value", 1): N_("spend more per order than most"),
    ("order_value", -1): N_("spend less per order than most"),
    ("regularity", 1): N_("buy at less regular intervals than most"),
    ("regularity", -1): N_("buy at more regular intervals than most"),
    ("products", 1): N_("have bought more different products than most"),
    ("products", -1): N_("have bought fewer different products than most"),
    ("categories", 1): N_("have bought from more categories than most"),
    ("categories", -1): N_("have bought from fewer categories than most"),
    ("refunds", 1): N_("send back more than most"),
    ("refunds", -1): N_("send back less than most"),
    ("discounts", 1): N_("buy at a discount more than most"),
    ("discounts", -1): N_("buy at a discount less than most"),
}
TYPICAL = N_("are close to the average in every respect")
SCATTERED_NAME = N_("Scattered customers")
SCATTERED_TRAIT = N_("lie between the groups or far from all of them, and belong to none")


def name_of(centre: dict[str, float]) -> str:
    """The name of a cluster whose centre lies so many standard deviations from the average, by feature.

    Where the manner of buying sets it apart most, that gives the name. Else recency and value do: recency counts time
    since the last sale, so a high value is a lapsed customer; value is the mean of what there is of frequency, monetary
    and order value.
    """
    feature, trait = _strongest(centre)[0]
    if abs(trait) > CLEAR and (feature, _sign(trait)) in _MANNERS:
        return _MANNERS[feature, _sign(trait)]
    recency = centre.get("recency", 0.0)
    time = "lapsed" if recency > CLEAR else "recent" if recency < -CLEAR else "average"
    worth = [centre[feature] for feature in ("frequency", "monetary", "order_value") if feature in centre]
    value = float(np.mean(worth)) if worth else 0.0
    return _NAMES[time, "high" if value > CLEAR else "low" if value < -CLEAR else "middle"]


def traits_of(centre: dict[str, float]) -> tuple[tuple[str, str], ...]:
    """The at most three features a cluster differs in most, each with that in words; empty if it differs clearly in
    none."""
    clear = [(feature, trait) for feature, trait in _strongest(centre) if abs(trait) > CLEAR]
    return tuple((feature, _TRAITS[feature, _sign(trait)]) for feature, trait in clear[:MOST_TRAITS])


def _strongest(centre: dict[str, float]) -> list[tuple[str, float]]:
    return sorted(centre.items(), key=lambda item: (-abs(item[1]), item[0]))


def _sign(value: float) -> int:
    return 1 if value > 0 else -1
