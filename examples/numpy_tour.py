"""A tour of everyday NumPy code that differentiates as it stands: thirteen pieces, from a line through points
to the fastest slide.

    python examples/numpy_tour.py --out numpy_tour.png

Each piece, in ``tour/fits.py`` and ``tour/answers.py``, is plain NumPy, with what one would want its
derivative for: a fit, a sensitivity, an error bar.  Each checks the answer against what is known otherwise,
and `gradcheck` compares all its derivatives, first and second, with numerical ones.
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", os.environ.get("OMP_NUM_THREADS", "1"))  # small matrices

import argparse

import numpy as np
from tour import answers, fits  # the folder beside this script
from tour.found import Found

import tinygrad_edu as tg
from tinygrad_edu import plot

PIECES = {
    "least squares": answers.least_squares,
    "logistic regression": fits.logistic_regression,
    "Kalman filter": fits.kalman_filter,
    "Gaussian process": fits.gaussian_process,
    "spline": fits.spline,
    "principal components": answers.principal_components,
    "low-pass filter": fits.low_pass,
    "foxes and hares": answers.foxes_and_hares,
    "Kepler's equation": answers.kepler,
    "robust line": fits.robust_line,
    "ranks of pages": answers.markov_chain,
    "fastest slide": answers.brachistochrone,
    "resonance": fits.resonance,
}


def save_picture(path: str, found: dict[str, Found]) -> None:
    from matplotlib.figure import Figure

    drawn = {name: piece.draw for name, piece in found.items() if piece.draw}
    figure = Figure(figsize=(10, 5.6), layout="constrained")
    for ax, (name, draw) in zip(figure.subplots(2, 3).flat, drawn.items(), strict=True):
        draw(ax)
        ax.set_title(name, fontsize=10)
        ax.spines[["top", "right"]].set_visible(False)
    plot.save(figure, path)
    print(f"picture: {path}")


def main() -> None:
    parser = argparse.ArgumentParser(description="Differentiate thirteen pieces of everyday NumPy code.")
    parser.add_argument("--out", metavar="PATH", help="save a picture of six of them here")
    out = parser.parse_args().out
    if out:
        try:
            plot.check_path(out)
        except tg.TinygradError as error:
            parser.error(str(error))
        except ImportError:
            parser.error("the picture needs matplotlib: pip install matplotlib")

    found = {}
    for number, (name, piece) in enumerate(PIECES.items()):
        found[name] = piece(np.random.default_rng(number))
        print(f"{name:21} {found[name].text}", flush=True)
        report = tg.gradcheck(found[name].f, *found[name].inputs)
        print(f"{'':21} {report.elements} derivatives right to {report.largest_error:.0e}", flush=True)
    if out:
        save_picture(out, found)


if __name__ == "__main__":
    main()
