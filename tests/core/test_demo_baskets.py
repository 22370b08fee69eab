"""Simulated baskets, prices and orders."""

from datetime import date

import numpy as np
import pytest

from crm_core.demo import chance
from crm_core.demo.baskets import MAX_QUANTITY, Baskets, fill_baskets, popularity
from crm_core.demo.calendar import history
from crm_core.demo.catalogue import bundles, items
from crm_core.demo.chance import Stream
from crm_core.demo.config import SimulationConfig
from crm_core.demo.lives import live
from crm_core.demo.orders import ADJUSTMENT, CHANNELS, NOBODY, REFUND, SALE, Orders, take_orders
from crm_core.demo.prices import Prices, price_list

N = 30_000
CONFIG = SimulationConfig()
SPAN = history(CONFIG, date(2026, 3, 1), "Europe/Berlin")
SPEND = np.linspace(20, 300, N)


@pytest.fixture(scope="module")
def baskets() -> Baskets:
    keys = chance.bits(7, Stream.ORDER, np.arange(N))
    return fill_baskets(7, price_list(7, SPAN, "EUR"), keys=keys, instants=np.full(N, float(SPAN.start)), spend=SPEND)


@pytest.fixture(scope="module")
def orders() -> Orders:
    lives = live(CONFIG, SPAN, seed=7, index=np.arange(5000))
    return take_orders(CONFIG, SPAN, price_list(7, SPAN, "EUR"), seed=7, lives=lives)


def holding(baskets: Baskets, code: str) -> set[int]:
    product = [item.code for item in items()].index(code)
    return set(baskets.order[baskets.product == product].tolist())


def test_the_catalogue_is_about_two_hundred_products_in_twelve_categories() -> None:
    assert len(items()) == 204
    assert len({item.category for item in items()}) == 12
    assert len({item.code for item in items()}) == len({item.name for item in items()}) == 204


def test_every_order_has_a_product_and_none_twice(baskets: Baskets) -> None:
    assert (np.bincount(baskets.order, minlength=N) > 0).all()
    assert len(np.unique(baskets.order * 1000 + baskets.product)) == len(baskets.order)


def test_quantities_are_between_one_and_the_most_one_carries(baskets: Baskets) -> None:
    assert baskets.quantity.min() == 1
    assert baskets.quantity.max() <= MAX_QUANTITY


def test_orders_are_worth_about_what_they_should(baskets: Baskets) -> None:
    worth = np.bincount(baskets.order, baskets.quantity * baskets.price_e4) / 10_000
    ample = SPEND > 100
    assert np.corrcoef(worth, SPEND)[0, 1] > 0.97
    assert worth[ample].mean() == pytest.approx(SPEND[ample].mean(), rel=0.02)


@pytest.mark.parametrize("bundle", bundles(), ids=lambda bundle: bundle.name)
def test_bundles_are_bought_together_as_often_as_the_truth_says(bundle, baskets: Baskets) -> None:
    first, second = (holding(baskets, code) for code in bundle.codes[:2])
    together = len(first & second) / N
    assert together == pytest.approx(bundle.probability * bundle.keep**2, abs=4 * np.sqrt(bundle.probability / N))
    assert together * N * N / (len(first) * len(second)) > 10  # lift


def test_products_outside_bundles_are_bought_independently(baskets: Baskets) -> None:
    popular = np.argsort(popularity(7))[::-1][:4]
    for a in popular:
        for b in popular[popular > a]:
            first, second = holding(baskets, items()[a].code), holding(baskets, items()[b].code)
            assert 0.5 < len(first & second) * N / (len(first) * len(second)) < 1.2


def test_popularity_adds_up_and_differs_by_seed() -> None:
    assert sum(popularity(7)) == pytest.approx(1)
    assert max(popularity(7)) > 20 * min(popularity(7))
    assert popularity(7) != popularity(8)


@pytest.mark.parametrize(("currency", "cent_e4"), [("EUR", 100), ("JPY", 10_000), ("TND", 100), ("CNY", 100)])
def test_prices_can_be_paid_in_the_workspaces_currency(currency: str, cent_e4: int) -> None:
    prices = price_list(7, SPAN, currency)
    assert (prices.levels_e4 > 0).all()
    assert (prices.levels_e4 % cent_e4 == 0).all()


def test_prices_change_when_they_say() -> None:
    prices = price_list(7, SPAN, "EUR")
    product = int(np.flatnonzero(np.isfinite(prices.changed).all(axis=1))[0])
    first, second = prices.changed[product]
    instants = np.array([first - 1, first, second - 1, second])
    levels = prices.levels_e4[product].tolist()
    assert prices.at(np.full(4, product), instants).tolist() == [levels[0], levels[1], levels[1], levels[2]]
    assert levels[0] < levels[1] < levels[2]
    assert prices.now_e4()[product] == levels[2]


def test_part_of_the_orders_is_of_guests(orders: Orders) -> None:
    sold = orders.cancels < 0
    assert (orders.customer[sold] == NOBODY).mean() == pytest.approx(CONFIG.guest_share, abs=0.01)


def test_part_of_the_orders_is_given_back_later_at_the_price_paid(orders: Orders) -> None:
    refunds = np.flatnonzero(orders.cancels >= 0)
    share = len(refunds) / (orders.cancels < 0).sum()
    assert 0.8 * CONFIG.refund_share < share <= 1.1 * CONFIG.refund_share
    assert len(set(orders.cancels[refunds].tolist())) == len(refunds)
    for refund in refunds[:200].tolist():
        order = orders.cancels[refund]
        assert orders.customer[refund] == orders.customer[order]
        assert 1 < (orders.instants[refund] - orders.instants[order]) / 86_400 < 23
        back, bought = orders.line_order == refund, orders.line_order == order
        assert back.any()
        assert (orders.kind[back] == REFUND).all()
        paid = {p: (q, u, d) for p, q, u, d in lines_of(orders, bought)}
        for product, quantity, price, discount in lines_of(orders, back):
            assert (-quantity, price, discount) == paid[product]
            assert discount == 0


def lines_of(orders: Orders, chosen: chance.Bools) -> list[tuple[int, ...]]:
    columns = (orders.product, orders.quantity, orders.price_e4, orders.discount_e4)
    return list(zip(*(column[chosen].tolist() for column in columns), strict=True))


def test_shipping_is_an_adjustment_on_part_of_the_orders_that_are_sent(orders: Orders) -> None:
    shipping = orders.kind == ADJUSTMENT
    assert (orders.product[shipping] == len(items())).all()
    assert (orders.product[~shipping] < len(items())).all()
    shipped = np.unique(orders.line_order[shipping])
    assert len(shipped) == shipping.sum()
    assert "shop" not in {CHANNELS[channel] for channel in orders.channel[shipped].tolist()}


def test_discounts_are_whole_coins_on_sale_lines(orders: Orders) -> None:
    discounted = orders.discount_e4 > 0
    assert discounted.any()
    assert (orders.kind[discounted] == SALE).all()
    assert (orders.discount_e4 % 100 == 0).all()
    assert (orders.discount_e4 < (orders.quantity * orders.price_e4))[discounted].all()


def test_orders_and_lines_come_by_time(orders: Orders) -> None:
    assert (np.diff(orders.instants) >= 0).all()
    assert (np.diff(orders.line_order) >= 0).all()
    assert np.unique(orders.line_order).tolist() == list(range(len(orders.instants)))
    assert orders.instants[-1] < SPAN.end


def test_without_guests_and_refunds_there_are_none() -> None:
    plain = SimulationConfig.plain()
    lives = live(plain, SPAN, seed=7, index=np.arange(500))
    taken: Orders = take_orders(plain, SPAN, price_list(7, SPAN, "EUR"), seed=7, lives=lives)
    assert (taken.customer >= 0).all()
    assert (taken.cancels < 0).all()
    assert len(taken.instants) == len(lives.instants)


def test_a_company_may_have_no_orders_at_all() -> None:
    prices: Prices = price_list(7, SPAN, "EUR")
    nothing = SimulationConfig(has_orders=False)
    lives = live(nothing, SPAN, seed=7, index=np.arange(10))
    assert len(take_orders(nothing, SPAN, prices, seed=7, lives=lives).instants) == 0
