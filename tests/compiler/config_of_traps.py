"""A user's module with settings, which a step of `test_other_traps` reads."""

SCALE = 1.0


class Config:
    scale = 1.0


def scaled(x):
    return x * SCALE
