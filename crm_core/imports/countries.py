"""Country names in several languages, and the codes they stand for (ISO 3166-1 alpha-2)."""

from __future__ import annotations

import unicodedata
from functools import cache

from babel import Locale
from babel.core import get_global

_LANGUAGES = ("en", "zh", "zh_Hant", "de", "fr", "es", "it", "pt", "nl")
_NO_COUNTRY = frozenset({"EU", "EZ", "QO", "UN", "XA", "XB", "ZZ"})
_ALSO = {
    "US": ("america", "u.s.", "u.s.a.", "united states of america", "美利坚合众国"),
    "GB": ("great britain", "england", "scotland", "wales", "northern ireland", "u.k."),
    "IE": ("republic of ireland", "eire"),
    "CZ": ("czech republic",),
    "NL": ("holland", "the netherlands"),
    "KR": ("korea", "south korea", "korea, republic of", "大韩民国"),
    "RU": ("russian federation",),
    "VN": ("viet nam",),
    "TR": ("turkey",),
    "CI": ("ivory coast",),
    "MK": ("macedonia",),
    "SZ": ("swaziland",),
    "CV": ("cape verde",),
    "MM": ("burma",),
    "HK": ("hong kong", "香港", "香港特别行政区"),
    "MO": ("macau", "macao", "澳门", "澳门特别行政区"),
    "AE": ("uae", "阿联酋"),
    "CN": ("prc", "p.r. china", "mainland china", "people's republic of china", "中华人民共和国", "中国大陆"),
    "IR": ("iran, islamic republic of",),
}
"""Other names that are met in files, by code."""


def country_code(text: str) -> str | None:
    """The code of the country the text names, by code or by name in several languages; None where there is none."""
    return _codes().get(_folded(text))


@cache
def _codes() -> dict[str, str]:
    codes: dict[str, str] = {}
    for language in _LANGUAGES:
        for code, name in Locale.parse(language).territories.items():
            if len(code) == 2 and code.isalpha() and code not in _NO_COUNTRY:
                codes.setdefault(_folded(str(name)), code)
                codes[code.casefold()] = code
    for alias, replaced_by in get_global("territory_aliases").items():
        # Three-letter codes and 'UK'; an alias of several countries (SUN, YUG) stands for none of them.
        if alias.isalpha() and len(replaced_by) == 1 and replaced_by[0].casefold() in codes:
            codes.setdefault(alias.casefold(), replaced_by[0])
    for code, names in _ALSO.items():
        codes.update((_folded(name), code) for name in names)
    return codes


def _folded(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(character for character in decomposed if not unicodedata.combining(character))
    return " ".join(bare.replace("&", " and ").replace("’", "'").split())
