"""Side by side: calls of NumPy in this package and in its peers advect, HIPS autograd and MyGrad.

`calls` lists what is called, `engines` says how each engine is asked for a gradient, `judge` compares the
answers with numerical derivatives, and `times` races the engines on small and larger programs.  Run it in an
environment that has the peers; those that are not installed are left out, and named::

    python -m tests.peers                  both tables
    python -m tests.peers calls --list     what is right, wrong, refused; and every call that differs
    python -m tests.peers times            what it costs
"""
