"""The lesson: a program as a person would write it on a page; begin with `text`.

Its `steps` have new results in the place of writes; `tidy` says them in fewer words, `closing` makes one call
of a large operation, and `roll` and `parted` make loops of what repeats.  What is left becomes `expressions`,
by `names` from the model, and functions of this package that are `copied`.
"""
