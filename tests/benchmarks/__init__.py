"""What the framework costs, beside the same thing written by hand in NumPy, in PyTorch and in JAX.

``__main__`` is the command.
"""

import os

# One BLAS and one OpenMP thread for every contestant.  The libraries read these when they are loaded, and
# importing this package comes before that, in the child processes too.
for _variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
    os.environ[_variable] = "1"
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
os.environ["JAX_PLATFORMS"] = "cpu"
