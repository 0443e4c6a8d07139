"""Orders: how a `DataLoader` shuffles the rows of its epochs, in C; NumPy takes longer to seed a generator.

The numbers are those of ``Generator(PCG64(SeedSequence([seed, epoch]))).permutation(n)``.  NumPy documents
the first two, and promises nothing of the third: what C gives is compared with it once, and left alone if it
differs.
"""

import ctypes
import os
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...errors import TraceError
from .cache import library

TEXT = """
#include <stdint.h>
#ifdef __SIZEOF_INT128__
typedef intptr_t word;
#define ONCE _Pragma("GCC unroll 1")  /* written out, these would take the compiler as long as a step */
/* The hashes of NumPy's SeedSequence, the steps of its PCG64. */
static inline uint32_t hashed(uint32_t x, uint32_t *key, uint32_t by) {
    x ^= *key;
    x *= *key *= by;
    return x ^ x >> 16;
}
static inline uint32_t mixed(uint32_t x, uint32_t y) {
    x = x * 0xca01f9ddu - y * 0x4973f715u;
    return x ^ x >> 16;
}
typedef unsigned __int128 wide;
static inline uint64_t next(wide *at, wide odd) {
    *at = *at * ((wide)0x2360ed051fc65da4u << 64 | 0x4385df649fccf645u) + odd;
    const uint64_t x = (uint64_t)(*at >> 64) ^ (uint64_t)*at;
    const int turn = *at >> 122;
    return x >> turn | x << (-turn & 63);
}
/* Whether a place is none beyond i, which is exchanged with it; if not, another is drawn.  No branch. */
static inline int swapped(int64_t *out, uint32_t i, uint32_t place) {
    const int there = place <= i;
    const word j = there ? place : i;
    const int64_t kept = out[i];
    out[i] = out[j];
    out[j] = kept;
    return there;
}

/* The numbers 0 to n - 1 in the order of each of some epochs, whose seed has so many words. */
void orders(const uint32_t *seed, word words, word epoch, word epochs, word n, int64_t *out) {
    for (; epochs-- > 0; epoch++, out += n) {
        uint32_t pool[4], state[8], key = 0x43b0d7e5u;
        ONCE for (word i = 0; i < 4; i++)
            pool[i] = hashed(i < words ? seed[i] : i == words ? (uint32_t)epoch : 0, &key, 0x931e8875u);
        ONCE for (word i = 0; i < 4; i++)
            ONCE for (word j = 0; j < 4; j++)
                if (i != j) pool[j] = mixed(pool[j], hashed(pool[i], &key, 0x931e8875u));
        ONCE for (word i = 4; i <= words; i++)
            ONCE for (word j = 0; j < 4; j++)
                pool[j] = mixed(pool[j], hashed(i < words ? seed[i] : (uint32_t)epoch, &key, 0x931e8875u));
        key = 0x8b51f9ddu;
        ONCE for (word i = 0; i < 8; i++) state[i] = hashed(pool[i % 4], &key, 0x58f38dedu);
        const uint64_t *const s = (uint64_t *)state;
        const wide odd = ((wide)s[2] << 64 | s[3]) << 1 | 1;
        wide at = odd + ((wide)s[0] << 64 | s[1]);
        next(&at, odd);
        uint32_t i = n - 1, mask = -1;
        while (mask && mask >> 1 >= i) mask >>= 1;
        for (word k = 0; k < n; k++) out[k] = k;
        while (i > 0) {
            uint64_t two;
            while (i >= 3 + (mask >> 1)) {  /* both have this mask, which nothing waits for */
                two = next(&at, odd);
                i -= swapped(out, i, (uint32_t)two & mask);
                i -= swapped(out, i, two >> 32 & mask);
            }
            two = next(&at, odd);
            for (int half = 0; half < 2; half++, two >>= 32) {
                i -= swapped(out, i, (uint32_t)two & mask) & (i > 0);
                mask >>= i <= mask >> 1;  /* the bits of i */
            }
        }
    }
}
#endif
"""


class Shuffled(NamedTuple):
    """Rows in the orders of epochs, each made when it begins, by what: a seed, the first epoch, how many
    rows.
    """

    orders: "Orders"
    seed: int
    epoch: int
    samples: int


class Orders:
    """What gives the orders of epochs.

    Parameters
    ----------
    function : ctypes function
        That of ``TEXT``.
    """

    def __init__(self, function: Any) -> None:
        function.argtypes = [ctypes.c_void_p, *[ctypes.c_ssize_t] * 4, ctypes.c_void_p]
        function.restype = None
        self._function = function

    @property
    def address(self) -> int:
        """Where the function is, for others in C."""
        return ctypes.cast(self._function, ctypes.c_void_p).value or 0

    def __call__(self, seed: int, epochs: range, n: int) -> NDArray[np.int64]:
        """The numbers from 0 to n - 1 in the orders of epochs that follow one another, a row for each."""
        words = words_of(seed)
        found = np.empty((len(epochs), n), np.int64)
        self._function(words.ctypes.data, len(words), epochs.start, len(epochs), n, found.ctypes.data)
        return found


def orders_of(folder: str | os.PathLike[str] | None) -> Orders | None:
    """What gives the orders of epochs; None if C cannot, or NumPy's are others.

    Parameters
    ----------
    folder : path or None
        Where its library is kept, if the process has not loaded it yet; see `cache.library`.
    """
    known = orders_of_process()
    if not known:
        known.append(orders_in(folder))
    return known[0]


@cache
def orders_of_process() -> list[Orders | None]:
    """What was found: a library stays loaded."""
    return []


def orders_in(folder: str | os.PathLike[str] | None) -> Orders | None:
    """The same, of a library in this folder."""
    try:
        orders = Orders(ctypes.CDLL(str(library(TEXT, folder)))["orders"])
    except (AttributeError, OSError, TraceError):
        return None
    return orders if _agrees(orders) else None


def words_of(seed: int) -> NDArray[np.uint32]:
    """A seed, 32 bits each."""
    return np.frombuffer(seed.to_bytes(4 * (-(-seed.bit_length() // 32) or 1), "little"), np.uint32)


def _agrees(orders: Orders) -> bool:
    """Whether C's are NumPy's, for seeds of one word and of many."""
    return all(
        np.array_equal(orders(seed, range(1, 3), n), [_by_numpy(seed, epoch, n) for epoch in (1, 2)])
        for seed, n in ((0, 1), (1, 2), (0, 37), (1 << 32, 64), ((1 << 160) - 3, 129))
    )


@cache  # it takes longer than all the rest
def _by_numpy(seed: int, epoch: int, n: int) -> NDArray[Any]:
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, epoch]))).permutation(n)
