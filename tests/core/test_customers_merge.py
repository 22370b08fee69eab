"""Fitting edits onto what others changed meanwhile, for any values."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from crm_core.records.merge_edits import merge

FIELDS = ("name", "city", "phone", "tags")
VALUES = st.sampled_from(["a", "b", "c", None])
RECORDS = st.fixed_dictionaries(dict.fromkeys(FIELDS, VALUES))
EDITS = st.dictionaries(st.sampled_from(FIELDS), VALUES)


@given(seen=RECORDS, theirs=EDITS, mine=EDITS)
def test_every_edit_goes_in_or_clashes_and_nothing_of_anyones_is_lost(
    seen: dict[str, str | None], theirs: dict[str, str | None], mine: dict[str, str | None]
) -> None:
    current = seen | theirs
    result = merge(current=current, originals={name: seen[name] for name in theirs}, edits=mine)
    after = current | dict(result.apply)
    for name in FIELDS:
        they_changed, i_changed = current[name] != seen[name], mine.get(name, seen[name]) != seen[name]
        if they_changed and i_changed and mine[name] != current[name]:
            assert name in result.clashes
            assert after[name] == current[name]
        else:
            assert name not in result.clashes
            assert after[name] == (mine[name] if i_changed else current[name])
        assert (name in result.kept) == (they_changed and not i_changed)
