"""Tracing: arrays that write down what is done to them (`traced`), and the `log` that becomes a program.

The log consists of `notes` of calls, without the `settings` that are so by default, and of what they take for
granted.  Modules of their own have NumPy's `operators` with their `temporaries`, numbers of Python's
(`traced_number`), random `draws`, `constants`, shapes that depend on values (`dependent`), exceptions
(`raising`), and numbers that a trace holds for alone (`fixed`).  For lessons, large operations are one call
(`closed`, `plain`).  `lines` and `whose_code` say where in the user's program a run is; it is `unwatched`
where only the log runs.
"""
