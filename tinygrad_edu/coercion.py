"""What to say when a tensor that needs a gradient is about to become a plain array or number, and what to
write instead.

No protocol tells us why NumPy asks for an array: it asks alike for ``out[i] = t`` and for ``np.array([t,
t])``.  So the message is chosen by the expression in the user's program that was running.
"""

import dis
import linecache
import os
import re
import sys
from typing import Any

import numpy as np

from .errors import CoercionError

PACKAGE, NUMPY, STANDARD = (  # folders, with the separator: tinygrad_edu_notes.py beside one is a user's
    os.path.join(os.path.dirname(file), "") for file in (__file__, np.__file__, os.__file__)
)
LIBRARIES = ("site-packages", "dist-packages")

INSTEAD = {
    "store": "out[i] = t into a plain array: make out a tensor first, out = tg.Tensor(np.zeros(…)); then "
    "out[i] = t is recorded",
    "stack": "np.array([t, u]), or a list of tensors: np.stack([t, u]) or np.concatenate([t, u])",
    "beside": "np.r_[t, u]: np.concatenate([t, u]), np.hstack([t, 1.0]) with numbers; np.c_[t, u]: "
    "np.column_stack([t, u])",
    "initial": "np.sum(a, initial=t) of a plain a, and its kin: np.sum(tg.Tensor(a), initial=t)",
    "dot": "a.dot(t) of a plain array: np.dot(a, t) or a @ t",
    "full": "np.full(shape, t): np.broadcast_to(t, shape)",
    "rule": "a function that computes with plain arrays: give it a rule by @tg.primitive (see "
    "examples/define_an_op.py)",
    "sparse": "a sparse matrix and a tensor: their product A @ t, or t @ A; A.toarray() in the place of A "
    "elsewhere",
    "constant": "a constant, whose gradient is dropped knowingly: t.detach().numpy(), or t.item() for one "
    "number",
}
# fmt: off
SCIPYS = {  # what takes tensors in the place of scipy.NAME
    "linalg.cholesky": "np.linalg.cholesky(a), of which lower=True is meant",
    "linalg.cho_factor": "np.linalg.cholesky(a)",
    "linalg.cho_solve":
        "np.linalg.solve(a, b) with the matrix itself, or twice with its factor: "
        "np.linalg.solve(l.T, np.linalg.solve(l, b))",
    "linalg.solve_triangular": "np.linalg.solve(a, b), of the triangle alone",
    "linalg.solve": "np.linalg.solve(a, b)",
    "linalg.sqrtm": "of a symmetric matrix: w, v = np.linalg.eigh(a), then (v * np.sqrt(w)) @ v.T",
    "linalg.expm": "of a symmetric matrix: w, v = np.linalg.eigh(a), then (v * np.exp(w)) @ v.T",
    "linalg.logm": "of a symmetric matrix: w, v = np.linalg.eigh(a), then (v * np.log(w)) @ v.T",
    "linalg.block_diag": "np.block of blocks and zeros",
    "linalg.toeplitz": "c[np.abs(i[:, None] - i)], with i = np.arange(n)",
    **{f"linalg.{name}": f"np.linalg.{name}" for name in (
        "inv", "pinv", "det", "eig", "eigh", "eigvals", "eigvalsh", "svd", "svdvals", "qr", "norm", "lstsq",
    )},
    "integrate.trapezoid": "np.trapezoid(y, x)", "integrate.simpson": "weights @ y, with Simpson's weights",
    "integrate.quad": "np.trapezoid over a grid",
    "integrate.cumulative_trapezoid": "np.cumulative_sum(np.diff(x) * (y[1:] + y[:-1]) / 2)",
    "integrate.odeint": "steps of a Runge-Kutta method, written with NumPy's functions",
    "integrate.solve_ivp": "steps of a Runge-Kutta method, written with NumPy's functions",
    **{f"interpolate.{name}": "np.interp(x, xp, fp), which is linear" for name in (
        "interp1d", "CubicSpline", "make_interp_spline", "PchipInterpolator",
    )},
    **{f"signal.{name}": "np.convolve(a, v, mode)" for name in ("convolve", "fftconvolve", "oaconvolve")},
    "signal.correlate": "np.correlate(a, v, mode)",
    **{f"fft.{name}": f"np.fft.{name}" for name in (
        "fft", "ifft", "fft2", "ifft2", "fftn", "ifftn", "rfft", "irfft", "rfft2", "irfft2", "rfftn",
        "irfftn", "hfft", "ihfft",
    )},
    "special.logsumexp": "tg.logsumexp(x, axis)", "special.softmax": "tg.softmax(x, axis)",
    "special.log_softmax": "tg.log_softmax(x, axis)", "special.polygamma": "tg.special.polygamma(n, x)",
    "special.multigammaln": "tg.special.multigammaln(a, d)", "special.comb": "scipy.special.binom(n, k)",
    "special.perm": "scipy.special.poch(n - k + 1, k)", "special.factorial": "scipy.special.gamma(n + 1)",
    **{f"special.spherical_{kind}n": f"tg.special.spherical_{kind}n(n, z)" for kind in "jyik"},
    "spatial.cdist": "np.linalg.norm(x[:, None] - y, axis=-1)",
}
DENSITIES = ("logpdf", "logpmf", "pdf", "pmf", "cdf", "logcdf", "sf", "logsf")
FAMILIES = (  # of tg.stats
    "bernoulli", "beta", "binom", "categorical", "cauchy", "chi2", "dirichlet", "expon", "gamma", "laplace",
    "logistic", "lognorm", "multinomial", "multivariate_normal", "nbinom", "norm", "poisson", "t", "uniform",
)
# fmt: on
PATTERNS = [
    (r"\bfull(_like)?\(", "full"),
    (r"\.dot\(", "dot"),
    (r"\b[rc]_\[", "beside"),
    (r"\binitial\s*=", "initial"),
    (r"\(\s*[\[(]", "stack"),
]  # fmt: skip


def lost(tensor: Any, what: str) -> CoercionError:
    """The error for a tensor that cannot become ``what``, an array or a number."""
    expression, kind = _asked_for()
    where = f" in {expression}" if expression else ""
    unknown = [] if what != "a plain array" else [hint for hint in INSTEAD if hint != "constant"]
    hints = [INSTEAD.get(hint, hint) for hint in (*([kind] if kind else unknown), "constant")]
    return CoercionError(
        f"A tensor of shape {tensor.shape} that needs a gradient cannot become {what}{where}: its gradient "
        "would be lost.\n  " + "\n  ".join(hints)
    )


def _asked_for() -> tuple[str, str]:
    """The expression of the user's program that is being computed, and what kind of thing it does, or what to
    write in its place; empty where that cannot be told.
    """
    frame: Any = sys._getframe(2)
    # Whether a tensor is assigned to, and whether a library other than NumPy asks.
    into_tensor = foreign = False
    scipys = None  # the frame of SciPy's that the program called
    while frame is not None and (file := frame.f_code.co_filename).startswith(
        (PACKAGE, NUMPY, STANDARD)
    ) | any(part in file for part in LIBRARIES):
        into_tensor = into_tensor or frame.f_code.co_name == "__setitem__"
        foreign = foreign or not file.startswith((PACKAGE, NUMPY))
        if frame.f_globals.get("__name__", "").startswith("scipy."):
            scipys = frame
        frame = frame.f_back
    if frame is None:
        return "", ""
    place = frame.f_lasti // 2
    expression = _source(frame.f_code, place)
    if dis.opname[frame.f_code.co_code[frame.f_lasti]] in ("STORE_SUBSCR", "STORE_SLICE"):
        return f"{expression} = …" if expression else "", "stack" if into_tensor else "store"
    if foreign:
        return expression, _of_scipys(scipys, expression) or "rule"
    return expression, next((kind for pattern, kind in PATTERNS if re.search(pattern, expression)), "")


def _of_scipys(frame: Any, expression: str) -> str:
    """What takes tensors in the place of the function of SciPy that the program called; empty if nobody
    knows.
    """
    if frame is None:
        return ""
    part, function = frame.f_globals["__name__"].split(".")[1], frame.f_code.co_name
    if part == "sparse":
        return "sparse"
    if part == "stats" and function in DENSITIES:
        family = frame.f_locals.get("self")
        family = type(getattr(family, "dist", family)).__name__.removesuffix("_gen")
        return f"scipy.stats.{family}: tg.stats.{family}.{function}" if family in FAMILIES else ""
    # The frame may be of a wrapper, which has another name, and lies in scipy._lib.
    called = re.search(r"(\w+)\(", expression)
    for name in (function, called[1] if called else ""):
        keys = (
            key for key in SCIPYS if key.endswith(f".{name}") and (part[0] == "_" or key.startswith(part))
        )
        if key := next(keys, ""):
            return f"scipy.{key}: {SCIPYS[key]}"
    return ""


def _source(code: Any, place: int) -> str:
    """The text of the expression that an instruction belongs to."""
    first, last, start, stop = list(code.co_positions())[place]
    file = code.co_filename
    # Whatever exec() runs is called "<string>", under which Python 3.13 shows the program of python -c.
    if first is None or last is None or file == "<string>" or not linecache.getline(file, first):
        return ""
    lines = [linecache.getline(file, n).encode() for n in range(first, last + 1)]
    lines[-1] = lines[-1][:stop]
    lines[0] = lines[0][start:]
    text = " ".join(line.decode(errors="replace").strip() for line in lines)
    return text if len(text) <= 80 else text[:79] + "…"
