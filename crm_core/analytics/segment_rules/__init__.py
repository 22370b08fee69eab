"""Rules that say which customers belong to a segment: a language of conditions, and who meets them.

    rule = parse({"all": [{"is": "field", "field": "city", "op": "is", "values": ["Berlin"]},
                          {"is": "metric", "metric": "net_sales", "op": "at_least", "value": "500", "days": 365}]})
    rule.members(Ground(tables, date(2026, 6, 30)))     the customers' keys
    rule.words(_, formats)                              the rule as a sentence

| module | holds |
|---|---|
| `parameters` | what a condition can be given: how each value is read, checked, written and offered |
| `ground` | the tables as of a day, with what several conditions ask for computed once |
| `condition` | what a condition is |
| `records`, `buying`, `scores`, `predictions`, `clusters` | the conditions themselves |
| `kinds` | the list of them: the one place to add another |
| `language` | all-of and any-of, nested; JSON and back |
"""

from crm_core.analytics.segment_rules.condition import Condition
from crm_core.analytics.segment_rules.ground import Ground, Ids
from crm_core.analytics.segment_rules.kinds import KINDS
from crm_core.analytics.segment_rules.language import Rule, dumps, loads, parse, written

__all__ = ["KINDS", "Condition", "Ground", "Ids", "Rule", "dumps", "loads", "parse", "written"]
