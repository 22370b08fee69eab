"""The simulator: a whole workspace of any size, with the truth about it kept beside the data (docs/simulator.md)."""

from crm_core.demo.config import Bundle, Segment, SimulationConfig
from crm_core.demo.fill import DemoResult, fill
from crm_core.demo.truth import PricePoint, Truth, load_truth

__all__ = ["Bundle", "DemoResult", "PricePoint", "Segment", "SimulationConfig", "Truth", "fill", "load_truth"]
