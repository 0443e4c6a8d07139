"""Mutants: small wrong changes of the rules, each of which some test must notice.

`changes` lists the changes that one can make to a file, `exchange` puts the code of a changed file into the
functions that are alive, `survey` finds out which tests reach what, `hunt` runs those that reach a change
until one fails, and `report` says what survived.  ``python -m tests.mutants [FILES]`` does it for files of
``tinygrad_edu/ops``.  What runs once, when a file is imported, stays as it is.
"""
