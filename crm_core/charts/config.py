"""Plotly's configuration for a reader's language: no mode bar, no zooming, local names of months and days.

Plotly ships English only; other locales travel in the configuration. Months and days come from the CLDR through Babel,
the format strings are d3's.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from babel import Locale

from crm_core.translation import DEFAULT_LANGUAGE

_D3_FORMATS = {
    "zh_CN": {
        "dateTime": "%x %A %X",
        "date": "%Y年%-m月%-d日",
        "time": "%H:%M:%S",
        "year": "%Y年",
        "month": "%Y年%-m月",
        "dayMonth": "%-m月%-d日",
        "dayMonthYear": "%Y年%-m月%-d日",
        "decimal": ".",
        "thousands": ",",
        "grouping": [3],
    },
}

_DICTIONARIES = {
    "zh_CN": {
        "Autoscale": "自动缩放",
        "Compare data on hover": "悬停时对比数据",
        "Double-click on legend to isolate one trace": "双击图例可只看一个系列",
        "Double-click to zoom back out": "双击还原缩放",
        "Download plot as a PNG": "下载为 PNG 图片",
        "Reset axes": "重置坐标轴",
        "Show closest data on hover": "悬停时显示最近的数据",
        "Zoom": "缩放",
        "Zoom in": "放大",
        "Zoom out": "缩小",
    },
}


@cache
def plotly_config(language: str) -> dict[str, Any]:
    """What `st.plotly_chart(config=…)` and an HTML report need to draw a figure in this language.

    `language` is a code of `translation.LANGUAGES`. The dict is shared: do not change it.
    """
    config: dict[str, Any] = {
        "displayModeBar": False,
        "displaylogo": False,
        "doubleClick": False,
        "responsive": True,
        "scrollZoom": False,
        "showTips": False,
    }
    if language == DEFAULT_LANGUAGE:
        return config
    name = language.replace("_", "-")
    return config | {
        "locale": name,
        "locales": {name: {"dictionary": _DICTIONARIES[language], "format": _names(language) | _D3_FORMATS[language]}},
    }


def _names(language: str) -> dict[str, list[str]]:
    """Months from January and days from Sunday, as d3 counts them."""
    locale = Locale.parse(language)
    months, days = locale.months["format"], locale.days["format"]
    from_sunday = [6, 0, 1, 2, 3, 4, 5]  # CLDR as Babel keeps it counts from Monday
    return {
        "months": [months["wide"][number] for number in range(1, 13)],
        "shortMonths": [months["abbreviated"][number] for number in range(1, 13)],
        "days": [days["wide"][number] for number in from_sunday],
        "shortDays": [days["abbreviated"][number] for number in from_sunday],
    }
