"""The exponential and the logarithm of floats, to NumPy's bits: its vectors of 32 bytes wait for one another.

Both are quotients of two polynomials, on an interval around which powers of 2 are divided out.  NumPy stores
under a mask, which processors of this kind do slowly and which what reads it waits for; here whole vectors
are stored.  The coefficients are NumPy's (``loops_exponent_log``, under its BSD licence), by which the bits
come out as NumPy's do.
"""

from typing import Any

import numpy as np

VECTORS = r"""
typedef float numbers __attribute__((vector_size(4 * LANES)));
typedef int32_t bits __attribute__((vector_size(4 * LANES)));
#if LANES == 4
#define FUSED(a, b, c) __builtin_ia32_vfmaddps(a, b, c)
#else
#define FUSED(a, b, c) __builtin_ia32_vfmaddps256(a, b, c)
#endif
#define ALL(a) ((numbers){} + (a))
#define CHOSEN(where, a, b) (numbers)((where) & (bits)(a) | ~(where) & (bits)(b))
#define FLOATS(a) __builtin_convertvector(a, numbers)

/* e^x = 2^k e^y: among small results 2^k is two factors, of which the second rounds. */
static inline numbers exp_of_vector(numbers x) {
    const bits fits = (x > -0x1.9fe36ap+6f) & (x < 0x1.62e43p+6f), large = x >= 0x1.62e43p+6f;
    numbers y = CHOSEN(fits, x, ALL(0)), k = y * 1.442695f + 0x1.8p+23f;
    k -= 0x1.8p+23f;
    y = FUSED(k, ALL(-0.69314575f), y);
    y = FUSED(k, ALL(-1.4286068e-06f), y);
    numbers p = FUSED(y, ALL(0.0005082763f), ALL(0.006757897f));
    p = FUSED(p, y, ALL(0.05114512f));
    p = FUSED(p, y, ALL(0.24736154f));
    p = FUSED(p, y, ALL(0.7257665f));
    p = FUSED(p, y, ALL(1));
    numbers q = FUSED(y, ALL(0.021595094f), ALL(-0.27423355f));
    p /= FUSED(q, y, ALL(1));
    const bits n = __builtin_convertvector(k, bits), rest = (n + 125) & (n < -125);
    p = (numbers)((bits)p + (n - rest << 23)) * (numbers)(rest + 127 << 23);
    p = CHOSEN(large, ALL(INFINITY), CHOSEN(fits, p, ALL(0)));
    return CHOSEN(x == x, p, ALL(NAN));
}

/* log x = k log 2 + log(1 + y), √½ < 1 + y ≤ √2. */
static inline numbers log_of_vector(numbers x) {
    const bits small = x < 0x1p-126f;
    const bits b = (bits)CHOSEN(small, x * 0x1p100f, x);
    numbers y = (numbers)(b & 0x7fffff | 0x3f000000);
    const bits less = y <= 0.70710677f, k = (b >> 23 & 255) - 126 - (small & 100) + less;
    y = CHOSEN(less, y + y, y) - 1;
    numbers p = FUSED(y, ALL(0.025899792f), ALL(0.38088378f));
    p = FUSED(p, y, ALL(1.4800006f));
    p = FUSED(p, y, ALL(2.1126776f));
    p = FUSED(p, y, ALL(1)) * y;
    numbers q = FUSED(y, ALL(0.0058750953f), ALL(0.15464763f));
    q = FUSED(q, y, ALL(0.9864943f));
    q = FUSED(q, y, ALL(2.453006f));
    q = FUSED(q, y, ALL(2.6126776f));
    p = FUSED(FLOATS(k), ALL(0.6931472f), p / FUSED(q, y, ALL(1)));
    p = CHOSEN(x == INFINITY, x, CHOSEN(x == 0, ALL(-INFINITY), p));
    return CHOSEN(x < 0, ALL(-NAN), CHOSEN(x == x, p, ALL(NAN)));
}
"""
LOOPS = r"""
#define LOOP(name)                                                                        \
void name##_float(char **a, const word *n, const word *s, void *data) {                   \
    const char *x = a[0];                                                                 \
    char *out = a[1];                                                                     \
    const word dense = s[0] == 4 && s[1] == 4;                                            \
    for (word i = *n; i > 0; i -= 8, x += 8 * s[0], out += 8 * s[1]) {                    \
        numbers v = {0};                                                                  \
        float c[8] = {0};                                                                 \
        const int whole = i >= 8 && dense, half = i == 4 && dense;                        \
        if (whole) memcpy(&v, x, 32);                                                     \
        else if (half) memcpy(&v, x, 16);                                                 \
        else {                                                                            \
            for (word j = 0; j < 8 && j < i; j++) c[j] = *(const float *)(x + j * s[0]);  \
            memcpy(&v, c, 32);                                                            \
        }                                                                                 \
        v = name##_of_vector(v);                                                          \
        if (whole) memcpy(out, &v, 32);                                                   \
        else if (half) memcpy(out, &v, 16);                                               \
        else {                                                                            \
            memcpy(c, &v, 32);                                                            \
            for (word j = 0; j < 8 && j < i; j++) *(float *)(out + j * s[1]) = c[j];      \
        }                                                                                 \
    }                                                                                     \
}
LOOP(exp)
LOOP(log)
"""
HEAD = r"""
#include <stdint.h>
#include <string.h>
#include <math.h>
typedef intptr_t word;
#define LANES 8
"""
TEXT = f"{HEAD}#if defined __AVX2__ && defined __FMA__{VECTORS}{LOOPS}#endif\n"
INLINE = r"""
/* Of n numbers that lie side by side, where n is a constant: without a call, and in registers. */
#define INLINE(name)                                                                      \
static inline void name##_inline(const char *x, char *out, word n) {                      \
    _Pragma("GCC unroll 16") for (word i = 0; i < n; i += LANES) {                        \
        const word size = 4 * (n - i < LANES ? n - i : LANES);                            \
        numbers v = {0};                                                                  \
        memcpy(&v, x + 4 * i, size);                                                      \
        v = name##_of_vector(v);                                                          \
        memcpy(out + 4 * i, &v, size);                                                    \
    }                                                                                     \
}
INLINE(exp)
INLINE(log)
"""
MOST = 64  # numbers that are computed in line


def inline(lanes: int) -> str:
    """Functions for a step in C that is compiled by itself, of vectors of so many numbers, 4 or 8."""
    return f"#define LANES {lanes}{VECTORS}{INLINE}"


SPREAD = 37 * 8191  # bits from one number that is compared to the next


def probes() -> Any:
    """Numbers of all powers and signs, many where the polynomials are steep, the ends of intervals, and
    special ones.
    """
    spread = np.arange(0, 1 << 32, SPREAD, dtype=np.uint32).view("f")  # 14172
    steep = [np.linspace(a, b, 20_000, dtype="f") for a, b in ((0.7071, 0.73), (1.37, 1.4143), (-1, 1))]
    ends = np.array(
        [-103.97208, -87.33655, -86.6434, 88.722839, 1.1754944e-38, 0.70710677, 1.4142135, 1], "f"
    )
    near = ends.view(np.uint32)[:, None] + np.arange(-4, 5).astype(np.uint32)
    special = np.array([0, np.inf, np.nan, 1e-45, 3.4028235e38], "f")
    return np.concatenate([spread, *steep, near.ravel().view("f"), special, -special])
