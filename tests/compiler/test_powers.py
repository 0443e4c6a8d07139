"""Powers one after another in C are those of exact arithmetic, rounded once, wherever one begins."""

import ctypes
from decimal import Decimal, localcontext

import numpy as np
import pytest

from tinygrad_edu.compiler.c import cache, powers

pytestmark = pytest.mark.skipif(cache.compiler() is None, reason="there is no C compiler here")
FILL = """
void fill(double base, word begin, word n, double *out) {
    two power = powers_until(base, begin);
    for (word i = 0; i < n; i++) out[i] = next_power(&power, base);
}
"""


@pytest.fixture(scope="module", params=["", "#undef __FMA__\n"], ids=["fma", "halves"])
def fill(request, tmp_path_factory):
    text = f"#include <stdint.h>\ntypedef intptr_t word;\n{request.param}{powers.TEXT}{FILL}"
    made = ctypes.CDLL(str(cache.library(text, tmp_path_factory.mktemp("cache") / "new"))).fill
    made.argtypes = [ctypes.c_double, ctypes.c_ssize_t, ctypes.c_ssize_t, ctypes.c_void_p]

    def fill(base, begin, n):
        out = np.empty(n)
        made(base, begin, n, out.ctypes.data)
        return out

    return fill


@pytest.mark.parametrize("base", [1e-300, 0.1, 0.5, 0.9, 0.95, 0.99, 0.999, 0.9999])
def test_powers_are_rounded_once(base, fill):
    n, every = powers.vanishing(base), 1 + powers.vanishing(base) // 4000
    found, exact = fill(base, 0, n), Decimal(1)
    with localcontext(prec=60):
        for t in range(1, n + 1):
            exact *= Decimal(base)
            if t % every == 0 or n - t < 3:
                assert found[t - 1] == float(exact), t
    for begin in (1, 2, n // 3, n - 5):
        if 0 <= begin < n:
            np.testing.assert_array_equal(fill(base, begin, n - begin), found[begin:])
