"""The operations and their derivatives, a file a family; importing this package files every rule.

At a kink a derivative is a convention.  Equal arguments of a maximum share evenly; the slope of an absolute
value, of relu, of a norm and of a standard deviation is 0 at its bottom, and 0 at a bound of clip.  A second
derivative is the derivative of that first one, by the rules of what it was computed with, and so knows
nothing of a kink that an outer function smooths: |x|², a squared norm and a squared standard deviation, which
are smooth, have the second derivative 0 where |x|, the norm or the deviation is 0; elsewhere it is right.
Where it matters, write the smooth form, which is right everywhere: np.sum(x * x), np.vdot(z, z), np.var(x).
"""
# ruff: noqa: F401  # they are imported for the rules that they file

# fmt: off
# isort: off
from . import elementwise, complex, constant, smooth, erf, scimath  # functions of single elements
from . import reduction, moments, contraction, bilinear  # sums, and sums of products
from . import scans, order, nans, statistics              # running results, order, NaN, weights
from . import shape, indexing, building                  # elements moved, and some of them chosen
from . import decomposition, norm, linalg, eigen         # matrices
from . import calculus, polynomial, special              # grids, polynomials, Bessel functions
from . import padding                                    # what is put around an array
from . import activation, softmax, normalization         # functions of what a layer computes
from . import convolution, transposed                    # layers of images
from . import pooling, adaptive, window
from . import sequences, recurrent, attention, embedding, dropout  # layers of sequences and words
from . import losses
# fmt: on
# isort: on

from ..table import later


@later("numpy.fft")
def fourier_transforms() -> None:
    from . import fft


@later("scipy.special")
def special_functions() -> None:
    from . import scipy_special
