"""Guards: what is asked before every step, since its trace has depended on it.

`guards` lists it, in groups; `conditions` has the text of each, and of the function that asks for them.  What
tells when it changes is looked over only then (`settled`), and C looks at what lies in words of memory at
once (`quick`).
"""
