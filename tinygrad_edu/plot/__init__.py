"""Pictures of data, trainings and networks.

Every function draws on the axes that it is given (``ax=``), or else on those of a new figure, and returns
them, so that the pictures of a lesson are put together as any others of matplotlib.  matplotlib is imported
when it is first needed; the rest of the package does without.

    figure, (left, right) = plt.subplots(1, 2)
    plot.curves({"training": losses, "held-out": held_out}, ax=left)
    plot.decision_regions(model, points, labels, ax=right)
    plot.save(figure, "lesson.png")

A new figure is not one of pyplot's, which shows in windows and is never forgotten: the axes as the last
line of a cell show it in a notebook, `save` writes it to a file, and ``ax=plt.gca()`` draws in a window.

``python examples/gallery.py --out FOLDER`` makes the pictures named here; they lie in
``examples/pictures/plot``.

========================  =========================================================  ========================
`curves`, `loss_curve`    losses and metrics of a training                           curves.png
`LiveLoss`                the same while it is trained, with the line to get below   live_loss.png
`class_scatter`           points of the plane in the colors of their classes         class_scatter.png
`decision_regions`        what a classifier makes of the plane, with probabilities   decision_regions.png
`decision_grid`           the same of several models                                 decision_grid.png
`confusion_matrix`        which classes were taken for which                         confusion_matrix.png
`images`                  a grid of images with titles                               images.png
`weights`                 what the units of a layer look for                         weights.png
`activation_curves`       activations with their derivatives                         activation_curves.png
`activation_histograms`   what comes out of each layer                               activation_histograms.png
`gradient_histograms`     the sizes of the gradients of each parameter               gradient_histograms.png
`save`, `check_path`      pictures as files, whole or not at all
`PALETTE`                 the ten colors of classes and lines
========================  =========================================================  ========================
"""

from ..hints import missing_from
from .confusion import confusion_matrix
from .curve import curves, loss_curve
from .file import check_path, save
from .function import activation_curves
from .histogram import activation_histograms, gradient_histograms
from .image import images, weights
from .live import LiveLoss
from .region import decision_grid, decision_regions
from .scatter import class_scatter
from .style import PALETTE

__all__ = [
    "PALETTE",
    "LiveLoss",
    "activation_curves",
    "activation_histograms",
    "check_path",
    "class_scatter",
    "confusion_matrix",
    "curves",
    "decision_grid",
    "decision_regions",
    "gradient_histograms",
    "images",
    "loss_curve",
    "save",
    "weights",
]

__getattr__ = missing_from(__name__)
