"""Readers against damaged files: ``python fuzz.py SEED COUNT FOLDER`` damages valid files and prints,
as JSON, what the readers said.

Every input is read in this one process, which may not grow by more than 200 MB: a reader must return a value,
or raise a FormatError, within a second of its own time, and nothing may be imported, compiled or run while it
reads.  A reader of another format takes part by a line in `SUBJECTS`.

``python fuzz.py SEED COUNT FOLDER READER`` tries one reader alone.
"""

import io as streams
import json
import random
import sys
import time
import zipfile
from collections import Counter
from contextlib import suppress
from pathlib import Path

import numpy as np

from tests.io.pickles import file_of, random_file
from tests.oracle.frozen import FOLDER as FROZEN
from tinygrad_edu import errors, io

LIMIT = 200 << 20
EXTREMES = [
    b"\0" * 8,
    b"\xff" * 8,
    b"\xff" * 4,
    b"\0\0\0\0\0\0\0\x10",
    b"\x7f",
    b"\x80",
    b"PK\5\6",
    b"PK\6\7",
    b"9" * 19,
    b"-1",
    b'"',
    b"{",
    b"[[[[",
]


# ---- damage ------------------------------------------------------------------------------------------------


def flip(data, rng):
    for _ in range(rng.choice([1, 1, 2, 8])):
        if data:
            data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)


def truncate(data, rng):
    del data[rng.randrange(len(data) + 1) :]


def insert(data, rng):
    at = rng.randrange(len(data) + 1)
    data[at:at] = rng.choice([rng.randbytes(rng.randint(1, 9)), rng.choice(EXTREMES)])


def delete(data, rng):
    at = rng.randrange(len(data) + 1)
    del data[at : at + rng.randint(1, 9)]


def overwrite(data, rng):
    at, extreme = rng.randrange(len(data) + 1), rng.choice(EXTREMES)
    data[at : at + len(extreme)] = extreme


def repeat(data, rng):
    at, length = rng.randrange(len(data) + 1), rng.randint(1, 80)
    data[at:at] = data[at : at + length] * rng.choice([1, 2, 1000])


def other_digit(data, rng):
    """Sizes, offsets and dtypes written as text are reached by this more often than by flips."""
    if places := [i for i, byte in enumerate(data) if 48 <= byte < 58]:
        data[rng.choice(places)] = 48 + rng.randrange(10)


DAMAGES = [flip, flip, truncate, insert, delete, overwrite, repeat, other_digit]


def damaged(data, rng):
    data = bytearray(data)
    for _ in range(rng.choice([1, 1, 1, 2, 4])):
        rng.choice(DAMAGES)(data, rng)
    return bytes(data)


# ---- damage inside of a frame that is put right again, so that what lies behind the first check is reached -


def framed_safetensors(data, rng):
    length = int.from_bytes(data[:8], "little")
    header, rest = damaged(data[8 : 8 + length], rng), data[8 + length :]
    return len(header).to_bytes(8, "little") + header + rest


def framed_npz(data, rng):
    out = streams.BytesIO()
    with (
        zipfile.ZipFile(streams.BytesIO(data)) as old,
        zipfile.ZipFile(out, "w", rng.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])) as new,
    ):
        victim = rng.choice(old.namelist())
        for name in old.namelist():
            content = old.read(name)
            new.writestr(zipfile.ZipInfo(name), damaged(content, rng) if name == victim else content)
    return out.getvalue()


def framed_npy(data, rng):
    length = int.from_bytes(data[8:10], "little")
    header = damaged(data[10 : 10 + length], rng)
    return data[:8] + (len(header) % 65536).to_bytes(2, "little") + header + data[10 + length :]


def framed_torch(data, rng):
    """A damaged pickle in a right archive; a file of the old format, damaged where its pickles lie; or
    a random program of instructions.
    """
    if rng.random() < 0.3:
        return random_file(rng)
    if not data.startswith(b"PK"):
        end = data.index(b"little_endian") + rng.randrange(len(data) // 2)
        return damaged(data[:end], rng) + data[end:]
    with zipfile.ZipFile(streams.BytesIO(data)) as old:
        members = {
            name.rpartition("/data/")[2]: old.read(name) for name in old.namelist() if "/data/" in name
        }
        program = next(old.read(name) for name in old.namelist() if name.endswith("/data.pkl"))
    return file_of(damaged(program, rng), members)


# ---- the files ---------------------------------------------------------------------------------------------


def valid_files(folder):
    """Files of every format, with every kind of thing that they can hold."""
    rng = np.random.default_rng(0)
    kinds = ["f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"]
    arrays = {kind: rng.integers(0, 100, (2, 3)).astype(kind) for kind in kinds}
    arrays |= {"b": np.array([True, False]), "0-d": np.array(1.5), "empty": np.zeros((0, 3))}
    state = {
        "model": arrays,
        "rng": rng.bit_generator.state,
        "odd": [np.nan, -0.0, 2**70, (1, None, True), {"$int": "é"}, np.float32(1)],
    }
    io.save_safetensors(folder / "plain.safetensors", {"w": arrays["f4"], "b": arrays["i8"]})
    io.save_safetensors(folder / "all.safetensors", arrays, metadata={"é": "text"})
    io.save_checkpoint(folder / "small.ckpt", {"step": 7, "w": arrays["f8"]})
    io.save_checkpoint(folder / "all.ckpt", state)
    io.save_npz(folder / "stored.npz", {"w": arrays["f4"], "texts": np.array(["a", "bé"])})
    io.save_npz(folder / "deflated.npz", arrays, compressed=True)
    np.save(folder / "c.npy", arrays["f4"])
    np.save(folder / "fortran.npy", arrays["f8"].T)
    np.save(folder / "texts.npy", np.array(["a", "bé"]))
    for path in (FROZEN / "saved").glob("*.pt*"):
        (folder / f"{path.stem}.torch").write_bytes(path.read_bytes())


SUBJECTS = [  # what reads, which files, and the damage inside of the frame
    (io.load_safetensors, "*.safetensors", framed_safetensors),
    (io.load_checkpoint, "*.ckpt", framed_safetensors),
    (io.load_npz, "*.npz", framed_npz),
    (io.load_npy, "*.npy", framed_npy),
    (io.load_torch, "*.torch", framed_torch),
]
RUNS = (
    "import",
    "compile",
    "exec",
    "os.system",
    "os.exec",
    "os.posix_spawn",
    "subprocess.Popen",
    "pickle.find_class",
)
READING = [False]


def watch(event, args):
    """Whatever a file makes Python import, compile or run."""
    if READING[0] and event in RUNS:
        print(f"{event} {args}", file=sys.stderr)
        raise SystemExit(f"a reader caused {event} {args}")


def touch(value):
    """Look at every element: one that is no value of its dtype would raise, or do worse."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        for item in value:
            touch(item)
    elif isinstance(value, (np.ndarray, np.generic)):
        value.tolist()


def touch_all(read, files, target):
    for data in files:
        target.write_bytes(data)
        with suppress(errors.FormatError):
            touch(read(target))


def main(seed, count, folder, reader=""):
    import resource  # which Windows has not

    rng, counts, worst = random.Random(seed), Counter(), 0.0
    valid_files(folder)
    subjects = [
        (read, [path.read_bytes() for path in sorted(folder.glob(pattern))], framed)
        for read, pattern, framed in SUBJECTS
        if reader in read.__name__
    ]
    for read, files, _ in subjects:  # what they import themselves
        touch_all(read, files, folder / "damaged")
    "".encode("cp437")  # in which archives may write names; Python imports it when it is first asked for
    sys.addaudithook(watch)
    target = folder / "damaged"
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + LIMIT,) * 2)
    for i in range(count):
        read, files, framed = subjects[i % len(subjects)]
        data = rng.choice([damaged, framed])(rng.choice(files), rng)
        target.write_bytes(data)
        begun = time.process_time()
        READING[0] = True
        try:
            touch(read(target))
            counts[f"{read.__name__}: read"] += 1
        except errors.FormatError:
            counts[f"{read.__name__}: refused"] += 1
        except BaseException:
            (folder / "found").write_bytes(data)
            print(
                f"{read.__name__}, input {i} of seed {seed}, {len(data)} bytes: {data[:400]!r}",
                file=sys.stderr,
            )
            raise
        finally:
            READING[0] = False
        took = time.process_time() - begun
        worst = max(worst, took)
        assert took < 1, f"{read.__name__} took {took} s over input {i} of seed {seed}: {data[:400]!r}"
    print(
        json.dumps(
            {"inputs": sum(counts.values()), "slowest": round(worst, 3), **dict(sorted(counts.items()))}
        )
    )


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]), *sys.argv[4:])
