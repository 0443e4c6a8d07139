"""Guards: what is asked before every step, since its trace has depended on it.

`guards` lists it, in groups, and `conditions` has the text of each; `call` is the function that asks for them
and makes the step.  C looks at what lies in words of memory at once (`quick`), and while it says that all is
as it was, the texts sleep (`asked`).  What tells when it changes is looked over only then (`settled`).
"""
