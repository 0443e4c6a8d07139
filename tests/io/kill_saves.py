"""Processes that are killed while they save: ``python kill_saves.py random COUNT FOLDER`` or ``… steps
FOLDER``; prints counts as JSON.

A forked child saves one generation of a state after another and is killed by SIGKILL, at a random moment or
at a given step of a save.  What is left must be one generation, whole, to the bit, and none that is older
than the one there was before.
"""

import json
import os
import random
import signal
import sys
import time
from collections import Counter
from itertools import count
from pathlib import Path

import numpy as np

from tinygrad_edu.io import load_checkpoint, save_checkpoint

BASE = np.random.default_rng(0).standard_normal((500, 500)).astype(np.float32)  # 1 MB


def state(generation):
    return {
        "generation": generation,
        "weights": BASE * np.float32(generation),
        "rng": {"state": 3**80 + generation},
    }


def generation_of(path):
    """Which state is in the file, all of it compared."""
    loaded = load_checkpoint(path)
    expected = state(loaded["generation"])
    assert loaded.keys() == expected.keys()
    assert loaded["rng"] == expected["rng"]
    assert loaded["weights"].tobytes() == expected["weights"].tobytes()
    return loaded["generation"]


def strays(folder):
    return {path.name for path in folder.iterdir()} - {"training.ckpt"}


def forked(work):
    """Run some work in a child, and return its process id."""
    pid = os.fork()
    if pid == 0:
        try:
            work()
        finally:
            os._exit(1)
    return pid


def kill_at_random(folder, kills):
    rng, path, counts, before = random.Random(0), folder / "training.ckpt", Counter(), 0
    start = time.perf_counter()
    for _ in range(3):
        save_checkpoint(path, state(0))
    duration = (time.perf_counter() - start) / 3

    def save_on():
        os.write(begun, b".")
        for generation in count(before + 1):
            save_checkpoint(path, state(generation))

    for _ in range(kills):
        there = strays(folder)
        ready, begun = os.pipe()
        child = forked(save_on)
        # However long a busy machine takes to begin with the child, the moment lies within its first saves.
        os.read(ready, 1)
        time.sleep(rng.uniform(0, 2 * duration))
        os.kill(child, signal.SIGKILL)
        os.close(ready)
        os.close(begun)
        assert os.WIFSIGNALED(os.waitpid(child, 0)[1])
        after = generation_of(path)
        assert after >= before
        counts.update(
            kills=1, old=after == before, new=after > before, unfinished=bool(strays(folder) - there)
        )
        before = after
    save_checkpoint(path, state(before))
    assert not strays(folder)
    print(json.dumps({**counts, "generations": before}))


def kill_at_every_step(folder):
    """Killed just before and just after each call of the operating system
    that a save makes after its file was made.
    """
    path, found = folder / "training.ckpt", {}
    save_checkpoint(path, state(1))
    for name, call, after in [
        ("fsync", 1, 0),
        ("fsync", 1, 1),
        ("replace", 1, 0),
        ("replace", 1, 1),
        ("fsync", 2, 0),
        ("fsync", 2, 1),
    ]:

        def save(name=name, call=call, after=after):
            original, calls = getattr(os, name), count(1)

            def patched(*args):
                last = next(calls) == call
                if last and not after:
                    os.kill(os.getpid(), signal.SIGKILL)
                original(*args)
                if last:
                    os.kill(os.getpid(), signal.SIGKILL)

            setattr(os, name, patched)
            save_checkpoint(path, state(2))

        save_checkpoint(path, state(1))
        assert not strays(folder)
        assert os.WIFSIGNALED(os.waitpid(forked(save), 0)[1])
        found[f"{'after' if after else 'before'} {name} {call}"] = [generation_of(path), len(strays(folder))]
    print(json.dumps(found))


def fill_the_disk(folder):
    """No file may grow beyond 300 kB: a write fails in the middle."""
    import resource  # which Windows has not

    path = folder / "training.ckpt"
    save_checkpoint(path, state(1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
    try:
        save_checkpoint(path, state(2))
    except OSError as error:
        print(json.dumps([type(error).__name__, generation_of(path), len(strays(folder))]))


if __name__ == "__main__":
    what, *numbers, folder = sys.argv[1:]
    {"random": kill_at_random, "steps": kill_at_every_step, "full": fill_the_disk}[what](
        Path(folder), *map(int, numbers)
    )
