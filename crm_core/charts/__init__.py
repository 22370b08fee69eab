"""Reports drawn as plotly figures. Language, formats and theme are passed in: `_`, `formats`, `dark`."""

from crm_core.charts.bars import bars
from crm_core.charts.baskets import rule_map, rule_network
from crm_core.charts.bridge import revenue_bridge
from crm_core.charts.churn import calibration as churn_calibration
from crm_core.charts.churn import gain as churn_gain
from crm_core.charts.churn import profit as churn_profit
from crm_core.charts.clusters import cluster_map, cluster_profile, k_choice
from crm_core.charts.cohorts import cohort_curves, retention_triangle, triangle_width
from crm_core.charts.config import plotly_config
from crm_core.charts.customer_counts import customer_counts
from crm_core.charts.intervals import intervals
from crm_core.charts.migration import moves_matrix, moves_sankey, segment_shares
from crm_core.charts.order_times import gap_histogram, lifecycle_bars
from crm_core.charts.pipeline import deal_funnel, deal_outlook
from crm_core.charts.rfm import rfm_grid, segment_sizes
from crm_core.charts.sales import sales_over_time
from crm_core.charts.service import age_bars, hours_of_week
from crm_core.charts.sparkline import sparkline
from crm_core.charts.survival import survival
from crm_core.charts.value import purchases_by_frequency, purchases_tracked

__all__ = [
    "age_bars",
    "bars",
    "churn_calibration",
    "churn_gain",
    "churn_profit",
    "cluster_map",
    "cluster_profile",
    "cohort_curves",
    "customer_counts",
    "deal_funnel",
    "deal_outlook",
    "gap_histogram",
    "hours_of_week",
    "intervals",
    "k_choice",
    "lifecycle_bars",
    "moves_matrix",
    "moves_sankey",
    "plotly_config",
    "purchases_by_frequency",
    "purchases_tracked",
    "retention_triangle",
    "revenue_bridge",
    "rfm_grid",
    "rule_map",
    "rule_network",
    "sales_over_time",
    "segment_shares",
    "segment_sizes",
    "sparkline",
    "survival",
    "triangle_width",
]
