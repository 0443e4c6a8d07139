"""Layers of other sizes: upsampling, and pixels in the place of channels."""

from typing import Any

from ..ops.pixels import check_factor, shuffled, unshuffled
from ..ops.resize import check_settings, resized
from .module import Module
from .shown import unusual


class Upsample(Module):
    """Sequences or images of another size; see `tinygrad_edu.interpolate`.

    Parameters
    ----------
    size : int or (int, int), optional
        Of the result.
    scale_factor : float or (float, float), optional
        In the place of a size.
    mode : {"nearest", "nearest-exact", "linear", "bilinear", "bicubic", "area"}, default="nearest"
        "linear" is for sequences alone, "bilinear" and "bicubic" are for images.
    align_corners : bool, default=False
        Whether the ends stay where they are, in the modes linear, bilinear and bicubic.

    Raises
    ------
    ArgumentError
        Unless one of size and scale_factor is given, and for an unknown mode.

    Examples
    --------
    >>> import numpy as np
    >>> Upsample(scale_factor=2, mode="bilinear")(np.ones((5, 3, 7, 7))).shape
    (5, 3, 14, 14)
    """

    def __init__(
        self, size: Any = None, scale_factor: Any = None, mode: str = "nearest", align_corners: bool = False
    ) -> None:
        check_settings(type(self).__name__, size, scale_factor, mode, align_corners)
        self.size, self.scale_factor, self.mode, self.align_corners = size, scale_factor, mode, align_corners

    def forward(self, x: Any) -> Any:
        """Map x of shape (n, c, l) or (n, c, h, w) to (n, c, l') or (n, c, h', w')."""
        return resized(type(self).__name__, x, self.size, self.scale_factor, self.mode, self.align_corners)

    def extra_repr(self) -> str:
        usual = {"size": None, "scale_factor": None, "mode": "", "align_corners": False}
        return ", ".join(unusual(self, usual))


class PixelShuffle(Module):
    """Channels as pixels, (..., c r², h, w) to (..., c, h r, w r); see `tinygrad_edu.pixel_shuffle`.

    Parameters
    ----------
    upscale_factor : int, at least 1
        r.

    Examples
    --------
    >>> import numpy as np
    >>> PixelShuffle(3)(np.ones((5, 18, 4, 4))).shape
    (5, 2, 12, 12)
    """

    def __init__(self, upscale_factor: int) -> None:
        check_factor(type(self).__name__, upscale_factor)
        self.upscale_factor = upscale_factor

    def forward(self, x: Any) -> Any:
        return shuffled(type(self).__name__, x, self.upscale_factor)

    def extra_repr(self) -> str:
        return f"upscale_factor={self.upscale_factor}"


class PixelUnshuffle(Module):
    """Pixels as channels, (..., c, h r, w r) to (..., c r², h, w); see `tinygrad_edu.pixel_unshuffle`.

    Parameters
    ----------
    downscale_factor : int, at least 1
        r.

    Examples
    --------
    >>> import numpy as np
    >>> PixelUnshuffle(3)(np.ones((5, 2, 12, 12))).shape
    (5, 18, 4, 4)
    """

    def __init__(self, downscale_factor: int) -> None:
        check_factor(type(self).__name__, downscale_factor)
        self.downscale_factor = downscale_factor

    def forward(self, x: Any) -> Any:
        return unshuffled(type(self).__name__, x, self.downscale_factor)

    def extra_repr(self) -> str:
        return f"downscale_factor={self.downscale_factor}"
