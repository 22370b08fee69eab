"""A list of customers as a parameter: packed and unpacked, the same list always written the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_core.analytics.customer_lists import CustomerList
from crm_core.errors import Invalid


@given(st.sets(st.integers(1, 2**62), max_size=50))
def test_the_keys_come_back_rising_whatever_their_order(keys: set[int]) -> None:
    assert CustomerList.of(list(keys)).ids().tolist() == sorted(keys)
    assert CustomerList.of(sorted(keys, reverse=True)) == CustomerList.of(list(keys))


def test_a_damaged_list_is_refused_in_words() -> None:
    with pytest.raises(Invalid) as refused:
        CustomerList("nothing")
    assert str(refused.value.fields["listed"]) == "The list of customers is damaged."
