"""Models as files of ONNX, which other programs run: onnxruntime, browsers, telephones.

`export` traces a function or a module in use, and writes what it computes by ONNX's operators, with the
weights under the paths of its parameters.  An extra: ``onnx``.
"""

from .export import export

__all__ = ["export"]
