"""Powers in C: those of a number one after another, as an optimizer's steps need them, each by a product.

A call of the library's ``pow`` is a good part of a small step.  A power is kept as the sum of two doubles,
right to about a hundred bits, so that errors do not add up: the first of them is the power as it is rounded
once, whichever step one begins with.
"""

import math

TEXT = """
typedef struct { double high, low; } two;  /* their sum; the second is at most half a unit of the first */
static inline two product_of_two(two a, two b) {
    const double high = a.high * b.high;
#ifdef __FMA__
    double low = __builtin_fma(a.high, b.high, -high);
#else  /* T. J. Dekker (1971): products of halves are exact */
    const double s = a.high * 0x1.0000002p+27, t = b.high * 0x1.0000002p+27;
    const double a1 = s - (s - a.high), a2 = a.high - a1, b1 = t - (t - b.high), b2 = b.high - b1;
    double low = a1 * b1 - high + a1 * b2 + a2 * b1 + a2 * b2;
#endif
    low += a.high * b.low + a.low * b.high;
    two found = {high + low};
    found.low = low - (found.high - high);
    return found;
}
static double next_power(two *power, double base) {
    *power = product_of_two(*power, (two){base});
    return power->high;
}
__attribute__((noinline)) static two powers_until(double base, word n) {
    two power = {1};
    for (word bit = (word)1 << 8 * sizeof n - 2; bit > 0; bit >>= 1) {
        power = product_of_two(power, power);
        if (n & bit) next_power(&power, base);
    }
    return power;
}
"""


def vanishing(base: float) -> int:
    """A power of a number below 1 from which on 1 less the power is 1 among doubles."""
    return math.ceil(54 * math.log(2) / -math.log(base)) + 1  # below 1 they are half as far apart as above
