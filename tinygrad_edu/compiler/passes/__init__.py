"""Passes: from a program to one that does the same, to the same bits, in fewer calls and less memory.

They stand here in the order in which they run.  In every program, checks come first (`checks_first`),
constants are folded (`fold`), copies that nobody sees are left out (`copies`), and what was computed before
is shared (`share`).  Where lines of NumPy are to run, calls become `simpler`, masks become places (`labels`),
vectors of ones are filled where they are used (`refill`), small ones are `spread` over the matrices that they
meet, what lies idle is made `later`, and gradients are kept where they were (`keeping`).  Then the results of
what is not `dead` get places: in `buffers`, in memory that optimizers have `lent`, and block by block if they
are large (`in_blocks`).
"""
