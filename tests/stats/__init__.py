"""Log-densities."""
