"""Wrong derivative rules, and which checkers of derivatives pass them.

    python -m tests.proof                         print the table
    python -m tests.proof --write .github/PROOF.md

`rules` has the collection: each a function, its right rule, and a wrong one that is a mistake people make.
`checkers` says how each library is given a rule and asked: this package, PyTorch, JAX and HIPS autograd,
those that are installed.
"""
