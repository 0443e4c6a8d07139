"""Every layer can be written in ONNX: what needs no package onnx, so that a new operation is not forgotten.

Whether what is written computes the same is in ``test_export.py``.
"""

import pytest

from tests import onnx_agreement
from tests.oracle.configurations import CASES
from tinygrad_edu.errors import ArgumentError, ShapeError, TraceError
from tinygrad_edu.onnx.export import written

FIRST = {}
for case in (case for family in onnx_agreement.FAMILIES for case in CASES[family]):
    FIRST.setdefault(case.kind, case)


@pytest.mark.parametrize("kind", FIRST)
def test_a_layer_can_be_written(kind):
    function, inputs = onnx_agreement.model_of(FIRST[kind])
    for axis in onnx_agreement.axes_of(FIRST[kind], inputs):
        try:
            graph, given, made, _ = written(function, inputs, axis)
        except (ShapeError, ArgumentError, TraceError):
            if axis is None:
                raise
            continue
        assert len(given) == len(inputs)
        assert made
        assert graph.nodes
        return
