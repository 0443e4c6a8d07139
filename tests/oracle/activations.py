"""Activations: bounded inputs of both signs, and inputs of ±30,
where the naive formulas overflow or cancel.
"""

from .cases import case, positive, real

SETTINGS = {
    "CELU": [{}, {"alpha": 0.5}],
    "ELU": [{}, {"alpha": 0.5}],
    "GELU": [{}, {"approximate": "tanh"}],
    "Hardsigmoid": [{}],
    "Hardswish": [{}],
    "Hardtanh": [{}, {"min_val": -0.5, "max_val": 1.5}],
    "Identity": [{}],
    "Hardshrink": [{}, {"lambd": 1.2}],
    "LeakyReLU": [{}, {"negative_slope": 0.2}],
    "LogSigmoid": [{}],
    "Mish": [{}],
    "PReLU": [{}],
    "ReLU": [{}],
    "ReLU6": [{}],
    "SELU": [{}],
    "SiLU": [{}],
    "Sigmoid": [{}],
    "Softplus": [{}, {"beta": 2.0}, {"threshold": 1.0}, {"beta": 2.0, "threshold": 20.0}],
    "Softshrink": [{}, {"lambd": 1.2}],
    "Softsign": [{}],
    "Tanh": [{}],
    "Tanhshrink": [{}],
    "Threshold": [{"threshold": 0.3, "value": -2.0}],
}

CASES = [
    case(kind, **settings, of=x)
    for kind, all_settings in SETTINGS.items()
    for settings in all_settings
    for x in (real(3, 4), real(8, scale=30))
]
CASES += [
    case(kind, dim=dim, of=x)
    for kind in ("Softmax", "LogSoftmax", "Softmin")
    for dim, x in [
        (-1, real(3, 4)),
        (0, real(3, 4)),
        (1, real(2, 3, 2)),
        (0, real(5)),
        (-1, real(2, 4, scale=300)),
        (-2, positive(2, 3, 1)),
    ]
]
CASES += [case("PReLU", 3, of=x) for x in (real(4, 3), real(2, 3, 4))]
CASES += [case("GLU", *dim, of=x) for x in (real(4, 6), real(8, 2, scale=30)) for dim in ((), (0,))]
CASES += [case("GLU", dim=1, of=real(2, 4, 3))]
CASES += [case("Softmax2d", of=x) for x in (real(2, 3, 2, 2), real(3, 2, 1))]
CASES += [case("RReLU", *ends, of=real(3, 4), train=False) for ends in ((), (0.1, 0.5))]
