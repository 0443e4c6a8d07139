"""State: what a step reads and keeps beside its arguments; how it is found, swapped, watched and returned."""
