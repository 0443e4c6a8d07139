"""Guards: what is asked before every step, as text (`conditions`), or of memory at once (`quick`)."""
