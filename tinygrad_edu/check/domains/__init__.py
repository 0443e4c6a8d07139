"""Where each function of the table is differentiable: how to call it, and which points to stay away from.

`DOMAINS` has one entry for every function that differentiates or is composite; the test of the table runs
every property on calls drawn from it.  In a call, every floating array is differentiated; integer and boolean
arrays and Python numbers are settings.
"""

from . import activation, convolution, functions, linalg, loss, normalization, recurrent

DOMAINS = (
    functions.DOMAINS
    | activation.DOMAINS
    | convolution.DOMAINS
    | linalg.DOMAINS
    | loss.DOMAINS
    | normalization.DOMAINS
    | recurrent.DOMAINS
)
