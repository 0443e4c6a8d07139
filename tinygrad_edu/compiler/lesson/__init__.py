"""The lesson: a program as a person would write it on a page; begin with `text`."""
