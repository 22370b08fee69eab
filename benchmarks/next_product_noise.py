"""How often recommendations are claimed for customers who choose at random: at most 5 of 100 seeds."""

from __future__ import annotations

import numpy as np

from benchmarks.table import Context, Line
from crm_core.analytics.next_product_judging import chosen, comparisons, hits, later_orders, verdict_of
from crm_core.analytics.next_product_model import POPULARITY, REPEAT, Histories, known

SEEDS = 100
N_CUSTOMERS, N_ITEMS, DAYS = 600, 60, 720
HORIZON, K = 90, 5


def run(context: Context) -> list[Line]:
    """Claims out of 100 seeds, of products of any kind and of products new to the customer."""
    lines = []
    for only_new, name in ((False, "any product"), (True, "products new to the customer")):
        claims = sum(_is_claimed(seed, only_new=only_new) for seed in range(SEEDS))
        lines.append(Line(f"Next product claimed on noise, {name}", claims, "seeds", SEEDS, 0.05, unit="seeds"))
    return lines


def _is_claimed(seed: int, *, only_new: bool) -> bool:
    histories = noise(seed)
    earlier, later = DAYS - 1 - 2 * HORIZON, DAYS - 1 - HORIZON
    weights = chosen(histories, known(histories, earlier, only_new=only_new), earlier, HORIZON, K)
    facts = known(histories, later, only_new=only_new)
    customers, held = later_orders(histories, later, HORIZON)
    model, popular, repeat = (hits(facts, customers, held, mixture, K) for mixture in (weights, POPULARITY, REPEAT))
    return verdict_of(comparisons(model, {"popularity": popular, "repeat": repeat}))[0] == "better"


def noise(seed: int) -> Histories:
    """Customers who order at rates of their own, and what is popular, without any taste."""
    random = np.random.default_rng(seed)
    popularity = 1 / (np.arange(N_ITEMS) + 3) ** 0.9
    n_orders = random.poisson(random.gamma(2, 3, N_CUSTOMERS)) + 1
    owner = np.repeat(np.arange(N_CUSTOMERS), n_orders)
    day = random.integers(0, DAYS, len(owner))
    by_time = np.lexsort((day, owner))
    size = 1 + random.poisson(1.5, len(owner))
    order = np.repeat(np.arange(len(owner)), size)
    item = random.choice(N_ITEMS, len(order), p=popularity / popularity.sum())
    held = np.unique(order * N_ITEMS + item)
    return Histories(held // N_ITEMS, held % N_ITEMS, day[by_time], owner[by_time], N_CUSTOMERS, N_ITEMS)
