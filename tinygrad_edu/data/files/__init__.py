"""Readers of files: CSV, IDX and MAT, and the table that a CSV file becomes.

Each reader is a module of its own: `csv_reader`, which makes a `table` of `cells` (`not_numbers` has advice
on cells that look like numbers), or of `number_rows`, which are parsed at once; `idx`; and `mat`, which lets
SciPy read what `mat_layout` has checked.

They import the package's errors and `tinygrad_edu.files`, through which every file is opened, and nothing
else of the package; libraries that a format needs are imported when such a file is read.
"""
