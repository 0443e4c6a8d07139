"""Passes: from a program to one that does the same, to the same bits, in fewer calls and less memory."""
