"""What distributions have in common: arguments of one dtype, ranges of parameters, the edge of a support."""

from typing import Any

import numpy as np

from ..arrays import floating, is_tensor
from ..errors import ShapeError


class Continuous:
    """A family of densities; each has its ``logpdf``."""

    def logpdf(self, x: Any, *parameters: Any, **named: Any) -> Any:
        """The logarithm of the density at x.

        Parameters
        ----------
        x : Tensor or array_like
            Where; real numbers.
        *parameters, **named : Tensor or array_like
            Shape parameters, in the order of scipy.stats, then ``loc``, default=0, and ``scale``,
            default=1.  They broadcast with x.

        Returns
        -------
        Tensor or ndarray of the shape to which all broadcast
            -inf outside of the support, with a gradient of 0; NaN where a parameter is outside of its range.

        Raises
        ------
        ShapeError
            If the arguments do not broadcast.
        DTypeError
            For complex numbers, texts and objects.
        """
        raise NotImplementedError

    def pdf(self, x: Any, *parameters: Any, **named: Any) -> Any:
        """The density at x, exp(logpdf); the parameters are logpdf's."""
        return np.exp(self.logpdf(x, *parameters, **named))

    def __repr__(self) -> str:
        return f"tinygrad_edu.stats.{type(self).__name__.strip('_')}"


class Discrete:
    """A family of probabilities of whole numbers, or of classes; each has its ``logpmf``."""

    def logpmf(self, k: Any, *parameters: Any, **named: Any) -> Any:
        """The logarithm of the probability of k.

        Parameters
        ----------
        k : Tensor or array_like
            Counts, or classes; what is no whole number has probability 0.
        *parameters, **named : Tensor or array_like
            Its parameters, in the order of scipy.stats, and ``loc``, default=0, by which all is shifted.

        Returns
        -------
        Tensor or ndarray of the shape to which all broadcast
            -inf outside of the support, with a gradient of 0; NaN where a parameter is outside of its range.
        """
        raise NotImplementedError

    def pmf(self, k: Any, *parameters: Any, **named: Any) -> Any:
        """The probability of k, exp(logpmf); the parameters are logpmf's."""
        return np.exp(self.logpmf(k, *parameters, **named))

    __repr__ = Continuous.__repr__


# ---- arguments ---------------------------------------------------------------------------------------------


def together(who: str, *values: Any) -> list[Any]:
    """The arguments as arrays and tensors of one floating dtype; Python's numbers take that of the others.

    Raises
    ------
    ShapeError
        If they do not broadcast.
    """
    arrays = [value if isinstance(value, (int, float)) else floating(value, who) for value in values]
    dtypes = [array.dtype for array in arrays if hasattr(array, "dtype")]
    dtype = np.result_type(*dtypes) if dtypes else np.dtype(float)
    shapes = [getattr(array, "shape", ()) for array in arrays]
    try:
        np.broadcast_shapes(*shapes)
    except ValueError:
        raise ShapeError(f"{who}: shapes {', '.join(map(str, shapes))} do not fit.") from None
    return [cast(array, dtype) for array in arrays]


def cast(value: Any, dtype: Any) -> Any:
    """An array or tensor of a dtype, the same one if it has that."""
    if not is_tensor(value):
        return np.asarray(value, dtype)
    return value if value.dtype == dtype else value.astype(dtype)


def like(number: float, x: Any) -> Any:
    """A number as an array of x's dtype, so that a function of it does not make float64 of float32."""
    return np.asarray(number, x.dtype)


# ---- ranges ------------------------------------------------------------------------------------------------


def allowed(parameter: Any, condition: Any) -> Any:
    """The parameter, and NaN where it is outside of its range: by a factor, so that the gradient is too."""
    return parameter * np.where(condition, parameter.dtype.type(1), np.nan)


def positive(parameter: Any) -> Any:
    """A parameter that must be above 0."""
    return allowed(parameter, parameter > 0)


def proportion(p: Any) -> Any:
    """A parameter that must be in [0, 1]."""
    return allowed(p, (p >= 0) & (p <= 1))


def standardized(x: Any, loc: Any, scale: Any) -> tuple[Any, Any]:
    """(x - loc) / scale and log(scale), of a scale above 0."""
    scale = positive(scale)
    return (x - loc) / scale, np.log(scale)


# ---- edges -------------------------------------------------------------------------------------------------


def moved(x: Any, outside: Any, harmless: float) -> Any:
    """x, with a harmless value of the support where it lies outside: no NaN comes from there."""
    return np.where(outside, harmless, x)


def supported(log: Any, outside: Any) -> Any:
    """A log-density: -inf outside of the support, NaN where a parameter is; NumPy's scalars of no axes."""
    return bare(np.where(outside & ~np.isnan(log), -np.inf, log))


def bare(log: Any) -> Any:
    """A tensor as it is, an array of no axes as NumPy's scalar."""
    return log[()] if isinstance(log, np.ndarray) else log


def not_whole(k: Any) -> Any:
    """Whether k is negative, or no whole number; NaN is neither."""
    return (k < 0) | np.isinf(k) | ((k != np.floor(k)) & ~np.isnan(k))
