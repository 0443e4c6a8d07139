"""How Fourier transforms are called: cropped and padded, in every norm, along axes of either sign.

numpy.fft is loaded here, by those who check.
"""

from typing import Any

import numpy as np
from hypothesis import strategies as st

from ..strategies import Draw, arrays, complexes, shapes
from .domain import Call, Domain, Domains, call, case, choice, one_axis

NORMS = (None, "backward", "ortho", "forward")


def signal(d: Draw, shape: tuple[int, ...], real: bool = False) -> Any:
    """An array of real numbers; of complex ones half of the time, where those are allowed."""
    return d(arrays(shape) if real or d(st.booleans()) else complexes(shape))


def along_one(*, real: bool = False, least: int = 1) -> Domain:
    """A transform along one axis, which has at least so many elements."""

    def build(d: Draw) -> Call:
        n, axis = d(st.integers(least, 5)), d(st.integers(-2, 1))
        shape, axis = d(choice(((n,), -1), ((n, 2) if axis % 2 == 0 else (2, n), axis)))
        return call(
            signal(d, shape, real), n=d(choice(None, 1, 2, 3, 4, 5)), axis=axis, norm=d(choice(*NORMS))
        )

    return case(build)


def along_several(*, real: bool = False, least: int = 1, two: bool = False) -> Domain:
    """A transform along several axes, some of them perhaps twice; by default all, or the last two."""

    def build(d: Draw) -> Call:
        a = signal(d, d(shapes(2 if two else 1, 2 if two else 3, min_side=least, max_side=3)), real)
        settings: dict[str, Any] = {"norm": d(choice(*NORMS))}
        if d(st.booleans()):
            axes = d(st.lists(one_axis(a), min_size=1, max_size=3))
            settings["axes"] = tuple(axes)
            if d(st.booleans()):
                settings["s"] = d(st.lists(choice(-1, 1, 2, 3), min_size=len(axes), max_size=len(axes)))
        return call(a, **settings)

    return case(build)


def shifted(d: Draw) -> Call:
    a = signal(d, d(shapes(1, 2)))
    several = st.lists(one_axis(a), min_size=1, max_size=2).map(tuple)
    return call(a, axes=d(st.one_of(st.none(), one_axis(a), several)))


# fmt: off
DOMAINS: Domains = {
    np.fft.fft:       along_one(),
    np.fft.ifft:      along_one(),
    np.fft.rfft:      along_one(real=True),
    np.fft.irfft:     along_one(least=2),  # a half spectrum of one frequency has no signal
    np.fft.hfft:      along_one(least=2),
    np.fft.ihfft:     along_one(real=True),
    np.fft.fft2:      along_several(two=True),
    np.fft.ifft2:     along_several(two=True),
    np.fft.rfft2:     along_several(real=True, two=True),
    np.fft.irfft2:    along_several(least=2, two=True),
    np.fft.fftn:      along_several(),
    np.fft.ifftn:     along_several(),
    np.fft.rfftn:     along_several(real=True),
    np.fft.irfftn:    along_several(least=2),
    np.fft.fftshift:  case(shifted),
    np.fft.ifftshift: case(shifted),
}
# fmt: on
