"""What is simulated: the true parameters, which the tests know and the analyses have to find."""

from __future__ import annotations

from dataclasses import dataclass, replace

HISTORY_MONTHS = 30


@dataclass(frozen=True)
class Segment:
    """A latent kind of customer: how often they buy, when they stop, what they spend.

    Attributes:
        share: part of the buying customers.
        r, alpha: purchases a week ~ Gamma(shape r, rate alpha weeks).
        a, b: probability to stop after a repeat purchase ~ Beta(a, b).
        p, q, v: Gamma-Gamma spending: an order ~ Gamma(p, ν), ν ~ Gamma(q, v); v in units of money.
        discount_share: part of their orders bought with a discount.
        is_seasonal: buys mostly before Christmas.
    """

    name: str
    share: float
    r: float
    alpha: float
    a: float
    b: float
    p: float
    q: float
    v: float
    discount_share: float = 0.05
    is_seasonal: bool = False

    @property
    def mean_spend(self) -> float:
        """What their orders cost on average, in money: p·v ÷ (q − 1)."""
        return self.p * self.v / (self.q - 1)


SEGMENTS = (
    Segment("loyal", 0.14, r=8.0, alpha=28.0, a=0.8, b=60.0, p=10.0, q=14.0, v=163.0),
    Segment("regular", 0.28, r=8.0, alpha=72.0, a=1.0, b=16.0, p=10.0, q=14.0, v=78.0),
    Segment("seasonal", 0.14, r=8.0, alpha=110.0, a=0.6, b=9.0, p=10.0, q=14.0, v=260.0, is_seasonal=True),
    Segment("bargain", 0.18, r=8.0, alpha=44.0, a=1.0, b=14.0, p=10.0, q=14.0, v=39.0, discount_share=0.65),
    Segment("one_time", 0.26, r=1.2, alpha=400.0, a=4.0, b=2.0, p=10.0, q=14.0, v=65.0, discount_share=0.15),
)
"""Rates are of an average week; the calendar speeds them up and slows them down."""

PLAIN_SEGMENT = Segment("all", 1.0, r=0.9, alpha=7.0, a=0.8, b=3.2, p=6.0, q=5.0, v=36.0)
"""One population, for checking that a model gets back what went in."""

SEPARATED_SEGMENTS = (
    Segment("devoted", 0.25, r=60.0, alpha=60.0, a=0.02, b=60.0, p=30.0, q=60.0, v=118.0),
    Segment("quarterly", 0.30, r=60.0, alpha=900.0, a=0.02, b=60.0, p=30.0, q=60.0, v=60.0),
    Segment("passing", 0.25, r=1.0, alpha=40_000.0, a=4.0, b=2.0, p=30.0, q=60.0, v=110.0),
    Segment("one_big", 0.20, r=1.0, alpha=40_000.0, a=4.0, b=2.0, p=30.0, q=60.0, v=8_000.0),
)
"""Kinds of customers with little in common, for checking that groups are found where there are some."""

MONTH_FACTORS = (0.82, 0.84, 0.95, 1.0, 1.05, 0.92, 0.82, 0.80, 0.98, 1.08, 1.34, 1.40)
SEASONAL_MONTH_FACTORS = (0.25, 0.25, 0.4, 0.7, 0.5, 0.3, 0.25, 0.25, 0.6, 1.4, 3.4, 3.7)
WEEKDAY_FACTORS = (1.05, 1.0, 0.98, 1.0, 1.1, 1.08, 0.79)
SERVICE_MONTH_FACTORS = (1.25, 0.98, 0.92, 0.94, 0.95, 0.9, 0.88, 0.88, 0.95, 1.0, 1.1, 1.25)
SERVICE_WEEKDAY_FACTORS = (1.35, 1.15, 1.08, 1.02, 1.0, 0.75, 0.65)
SERVICE_HOUR_FACTORS = (
    0.2, 0.1, 0.08, 0.06, 0.08, 0.2, 0.5, 0.9, 1.5, 1.9, 2.0, 1.9,
    1.6, 1.5, 1.6, 1.6, 1.5, 1.4, 1.3, 1.2, 1.1, 0.9, 0.6, 0.33,
)  # fmt: skip
"""When people write to the service: Mondays, office hours, and most after Christmas."""
HOUR_FACTORS = (
    0.15, 0.08, 0.05, 0.04, 0.05, 0.12, 0.35, 0.7, 1.0, 1.25, 1.4, 1.45,
    1.4, 1.3, 1.25, 1.25, 1.3, 1.4, 1.6, 1.9, 2.0, 1.7, 1.0, 0.46,
)  # fmt: skip


@dataclass(frozen=True)
class SimulationConfig:
    """How the simulated company does; the defaults are the demo's. `plain` gives one unseasonal population,
    `separated` four kinds of customers that hardly overlap.

    Attributes:
        months: length of the history.
        growth: how much more customers are won a year later (0.3: 30 % more).
        prospect_share: part of the customers who never bought.
        has_duplicates: plant one duplicate record in 64 customers.
        guest_share, refund_share: part of the orders without customer, and of those given back later.
        has_seasons: whether months, weekdays and hours differ.
        has_orders: False gives customers only, for trying lists and search.
        ticket_rate, need_rate: tickets and needs a customer and year.
        organisation_deal_rate, person_deal_rate: deals a customer and year.
        slow_answer_factor: the odds that a customer never buys again are this many times as high after a first answer
            later than its target as after one in time; 1 plants nothing.
    """

    segments: tuple[Segment, ...] = SEGMENTS
    months: int = HISTORY_MONTHS
    growth: float = 0.3
    prospect_share: float = 0.06
    has_duplicates: bool = True
    guest_share: float = 0.08
    refund_share: float = 0.03
    shipping_share: float = 0.45
    month_factors: tuple[float, ...] = MONTH_FACTORS
    seasonal_month_factors: tuple[float, ...] = SEASONAL_MONTH_FACTORS
    weekday_factors: tuple[float, ...] = WEEKDAY_FACTORS
    hour_factors: tuple[float, ...] = HOUR_FACTORS
    has_seasons: bool = True
    has_orders: bool = True
    ticket_rate: float = 0.8
    need_rate: float = 0.08
    organisation_deal_rate: float = 0.5
    person_deal_rate: float = 0.02
    slow_answer_factor: float = 2.0
    service_month_factors: tuple[float, ...] = SERVICE_MONTH_FACTORS
    service_weekday_factors: tuple[float, ...] = SERVICE_WEEKDAY_FACTORS
    service_hour_factors: tuple[float, ...] = SERVICE_HOUR_FACTORS

    @classmethod
    def plain(cls, segment: Segment = PLAIN_SEGMENT) -> SimulationConfig:
        """One population of one process: no segments, seasons, growth, prospects, duplicates, guests or refunds, and
        no tickets, deals or needs."""
        return cls(
            segments=(replace(segment, share=1.0),),
            growth=0.0,
            prospect_share=0.0,
            has_duplicates=False,
            guest_share=0.0,
            refund_share=0.0,
            has_seasons=False,
            ticket_rate=0.0,
            need_rate=0.0,
            organisation_deal_rate=0.0,
            person_deal_rate=0.0,
        )

    @classmethod
    def separated(cls) -> SimulationConfig:
        """Four kinds of customers apart in recency, frequency and value: nearly all came in the first months, so that
        how long they have been customers does not blur what they are."""
        return replace(cls.plain(), segments=SEPARATED_SEGMENTS, growth=-0.99)


@dataclass(frozen=True)
class Bundle:
    """Products really bought together: an order holds the bundle with `probability`, then each product with `keep`."""

    name: str
    codes: tuple[str, ...]
    probability: float
    keep: float
