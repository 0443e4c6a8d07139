"""Tests of several processes: each job is a function of `jobs`, which mpiexec starts on some ranks."""
