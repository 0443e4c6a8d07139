"""Readers of files: CSV, IDX and MAT, and the table that a CSV file becomes."""
