"""Memory that has been freed stays with the process, for the arrays of the next step."""

import numpy as np

LARGEST = 31 << 20  # bytes: the C library heeds what is below 32 MiB


def keep_freed_memory() -> None:
    """Have the C library keep large pieces of memory that are freed, up to 62 MiB in all.

    Else it hands them back and asks for them again, and the system fills their pages with zeros each time,
    which takes several times as long as the arithmetic on them.  GNU's library keeps pieces as large as the
    largest that a program has freed, so one is taken here and freed, untouched; other libraries take no
    notice.

    References
    ----------
    mallopt(3), M_MMAP_THRESHOLD and M_TRIM_THRESHOLD. https://man7.org/linux/man-pages/man3/mallopt.3.html
    """
    np.empty(LARGEST, np.uint8)
