"""Files that can be trusted: written whole or not at all, and read without believing a word.

* `save_safetensors`, `load_safetensors`: named arrays in the format that models are exchanged in.
* `load_torch`: what ``torch.save`` has written (.pt, .pth), without PyTorch; `fit_state`: a state under the
  names that a model has, and a report of what does not fit.
* `save_npz`, `load_npz`, `load_npy`: named arrays in NumPy's own formats.
* `save_checkpoint`, `load_checkpoint`: all that a training needs to go on, to the bit: nested dicts and lists
  of arrays and numbers.
* `atomic_write`: a file of your own that an interruption leaves old or new, never half; `keep_previous`: the
  last few beside it.

No file can run code, name a class to be built, or make a reader take more memory than ``max_bytes`` allows:
there is no unpickling here (the pickle in a file of PyTorch's is read as data), and sizes are compared with
the length of the file before anything is allocated.
"""

from ..hints import missing_from
from .atomic import atomic_write, keep_previous
from .checkpoint import load_checkpoint, save_checkpoint
from .fitting import FittedState, fit_state
from .npz import load_npy, load_npz, save_npz
from .pytorch import load_torch
from .safetensors import load_safetensors, save_safetensors

__all__ = [
    "FittedState",
    "atomic_write",
    "fit_state",
    "keep_previous",
    "load_checkpoint",
    "load_npy",
    "load_npz",
    "load_safetensors",
    "load_torch",
    "save_checkpoint",
    "save_npz",
    "save_safetensors",
]

__getattr__ = missing_from(__name__)
