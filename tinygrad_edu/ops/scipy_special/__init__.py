"""The rules of scipy.special's ufuncs, loaded when one of them is first called with a tensor.

SciPy is never imported otherwise.  Importing this package files every rule; what is not here refuses by name.
The derivatives are those of the Digital Library of Mathematical Functions (DLMF, dlmf.nist.gov) and of
SciPy's own documentation; each is written with functions of the table, so that it is differentiable in turn,
without limit.

Parameters in which a function has no derivative of closed form (the order of a Bessel function, the shape of
an incomplete gamma function) have no rule: a tensor there that needs a gradient is refused by name.
"""
# ruff: noqa: F401  # they are imported for the rules that they file

# fmt: off
# isort: off
from . import error, gamma                # error functions, the normal distribution; factorials and their kin
from . import entropy, powers             # logarithms, entropies, losses; exponentials and powers
from . import bessel, hypergeometric      # cylinders; hypergeometric and elliptic functions, polynomials
from . import spherical                   # spherical Bessel functions
from . import integrals, equations        # integrals of Bessel functions; solutions of differential equations
from . import lambert                     # the inverse of w exp(w)
from . import distributions, noncentral   # cumulative distributions
# fmt: on
# isort: on
