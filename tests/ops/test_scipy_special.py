"""The rules of scipy.special's ufuncs: every property of the table, closed forms, and edges."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

sc = pytest.importorskip("scipy.special")
from tests.ops import test_table as table  # noqa: E402  # not without SciPy
from tinygrad_edu.entry import Op, name_of  # noqa: E402

few = settings(max_examples=max(2, settings.default.max_examples // 12))
PROPERTIES = [
    table.test_value_is_that_of_numpy,
    table.test_first_derivative_is_numerical,
    table.test_second_derivative_is_numerical,
    table.test_layout_does_not_matter,
    table.test_other_arrays_give_the_same_bits,
    table.test_float32_stays_float32,
]


@pytest.mark.parametrize("function", table.SCIPYS, ids=name_of)
@few
@given(data=st.data())
def test_every_property_of_the_table(function, data, count):
    for one in PROPERTIES:
        one.hypothesis.inner_test(function, data, count)
    if isinstance(table.TABLE[function], Op):
        table.test_rule_returns_what_it_should.hypothesis.inner_test(function, np.float64, data, count)
