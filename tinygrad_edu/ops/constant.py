"""Functions whose results are integer, boolean, text or shapes: nothing to differentiate."""

import numpy as np

from ..table import constant

constant(
    # comparisons, logic, bits and classes of numbers
    np.equal, np.not_equal, np.less, np.less_equal, np.greater, np.greater_equal,
    np.logical_and, np.logical_or, np.logical_xor, np.logical_not,
    np.bitwise_and, np.bitwise_or, np.bitwise_xor, np.invert, np.left_shift, np.right_shift,
    np.bitwise_count, np.gcd, np.lcm,
    np.isfinite, np.isinf, np.isnan, np.isnat, np.signbit, np.isneginf, np.isposinf,
    np.all, np.any, np.allclose, np.isclose, np.array_equal, np.array_equiv, np.isin,
    np.isreal, np.iscomplex, np.isrealobj, np.iscomplexobj,
    # places and counts
    np.argmax, np.argmin, np.argsort, np.argpartition, np.argwhere, np.nonzero, np.flatnonzero,
    np.nanargmax, np.nanargmin,
    np.searchsorted, np.digitize, np.lexsort, np.count_nonzero, np.unravel_index, np.ravel_multi_index,
    np.diag_indices_from, np.tril_indices_from, np.triu_indices_from, np.packbits, np.unpackbits,
    # shapes, dtypes and memory
    np.shape, np.ndim, np.size, np.result_type, np.common_type, np.can_cast, np.min_scalar_type,
    np.shares_memory, np.may_share_memory, np.zeros_like, np.ones_like, np.empty_like, np.einsum_path,
    # text
    np.array2string, np.array_repr, np.array_str,
)  # fmt: skip

constant(*(getattr(np, name) for name in ("in1d",) if hasattr(np, name)))  # older versions have it

# and what ufuncs of two arguments make of a whole axis, or of all pairs
constant(*(
    getattr(ufunc, method)
    for ufunc in (
        np.equal, np.not_equal, np.less, np.less_equal, np.greater, np.greater_equal,
        np.logical_and, np.logical_or, np.logical_xor,
        np.bitwise_and, np.bitwise_or, np.bitwise_xor, np.left_shift, np.right_shift, np.gcd, np.lcm,
    )
    for method in ("reduce", "accumulate", "reduceat", "outer")
))  # fmt: skip
