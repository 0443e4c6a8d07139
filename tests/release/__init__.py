"""What is released: the sdist and the wheel, their version, and what belongs to it."""
