"""What sets a cluster apart from the average customer, in words."""

from __future__ import annotations

import numpy as np

from crm_core.translation import N_

CLEAR = 0.5
"""How many standard deviations from the average count as different."""

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
}
TYPICAL = N_("are close to the average in every respect")


def name_of(centre: dict[str, float]) -> str:
    """The name of a cluster whose centre lies so many standard deviations from the average, by feature.

    Recency counts time since the last sale, so a high value is a lapsed customer. Value is the mean of what there is
    of frequency, monetary and order value.
    """
    recency = centre.get("recency", 0.0)
    time = "lapsed" if recency > CLEAR else "recent" if recency < -CLEAR else "average"
    worth = [centre[feature] for feature in ("frequency", "monetary", "order_value") if feature in centre]
    value = float(np.mean(worth)) if worth else 0.0
    return _NAMES[time, "high" if value > CLEAR else "low" if value < -CLEAR else "middle"]


def trait_of(centre: dict[str, float]) -> tuple[str | None, str]:
    """The feature a cluster differs in most, and that in words; (None, …) if it differs clearly in none."""
    feature = max(sorted(centre), key=lambda name: abs(centre[name]))
    if abs(centre[feature]) <= CLEAR:
        return None, TYPICAL
    return feature, _TRAITS[feature, 1 if centre[feature] > 0 else -1]
