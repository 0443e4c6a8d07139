"""``python -m tests.programs COUNT SEED``: try so many random programs, and say what was compared."""

import sys
import time

from .judge import TORCH, Difference, many, summary


def main(count: int, seed: int) -> int:
    begun = time.monotonic()

    def progress(done: int) -> None:
        if done == count or done % 100 == 0:
            print(
                f"\r{done} of {count} programs, {time.monotonic() - begun:.0f} s",
                end="",
                file=sys.stderr,
                flush=True,
            )

    try:
        counts = many(count, seed, progress=progress)
    except Difference as difference:
        print(f"\n{difference}")
        return 1
    print(f"\nseed {seed}, {'with' if TORCH else 'without'} PyTorch: {summary(counts)}; none wrong")
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 3 or not all(argument.isdigit() for argument in sys.argv[1:]):
        sys.exit("usage: python -m tests.programs COUNT SEED")
    sys.exit(main(*map(int, sys.argv[1:])))
