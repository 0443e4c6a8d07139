"""Files of ``torch.save`` made by hand: pickles written instruction by instruction."""

import io as streams
import pickle
import random
import struct
import zipfile

STOP = b"."
TENSOR = b"ctorch._utils\n_rebuild_tensor_v2\n"


def file_of(program, members=None, *, folder="archive", order=b"little"):
    """A file with this pickle, and these storages by their keys."""
    out = streams.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(zipfile.ZipInfo(f"{folder}/data.pkl"), program)
        archive.writestr(zipfile.ZipInfo(f"{folder}/byteorder"), order)
        for key, content in (members or {}).items():
            archive.writestr(zipfile.ZipInfo(f"{folder}/data/{key}"), content)
    return out.getvalue()


def number(n):
    return b"\x8a\x09" + struct.pack("<q", n) + b"\0" if abs(n) < 2**63 else pickle.dumps(n, 2)[2:-1]


def numbers(values):
    return b"(" + b"".join(map(number, values)) + b"t"


def text(words):
    return b"X" + struct.pack("<I", len(words.encode())) + words.encode()


def storage(kind="FloatStorage", key="0", count=4):
    """The instructions of a persistent identifier."""
    return (
        b"("
        + text("storage")
        + b"ctorch\n%b\n" % kind.encode()
        + text(key)
        + text("cpu")
        + number(count)
        + b"tQ"
    )


def tensor(shape=(4,), strides=(1,), offset=0, **settings):
    """The instructions that push a tensor."""
    hooks = b"ccollections\nOrderedDict\n)R"
    placed = storage(**settings) + number(offset) + numbers(shape) + numbers(strides)
    return TENSOR + b"(" + placed + b"\x89" + hooks + b"tR"


def called(name, arguments):
    """The instructions that call a function by its name."""
    module, _, function = name.rpartition(".")
    return b"c%b\n%b\n" % (module.encode(), function.encode()) + arguments + b"R"


class Runs:
    """What runs a command when it is unpickled."""

    def __init__(self, function, *args):
        self.function, self.args = function, args

    def __reduce__(self):
        return self.function, self.args


# fmt: off
NAMES = [
    "os.system", "posix.system", "builtins.eval", "builtins.exec", "builtins.getattr", "__builtin__.eval", "subprocess.Popen",
    "torch.load", "torch._utils._rebuild_tensor_v2", "torch._utils._rebuild_parameter", "torch._tensor._rebuild_from_type_v2",
    "collections.OrderedDict", "_codecs.encode", "torch.Size", "torch.device", "builtins.complex", "numpy.dtype",
    "numpy.core.multiarray.scalar", "numpy._core.multiarray._reconstruct", "collections.Counter", "runpy.run_path",
]
PIECES = [  # instructions that a random program is made of
    b"N", b"\x88", b"\x89", b"K\x05", b"J\xff\xff\xff\xff", b"G" + bytes(8), b"}", b"]", b")", b"(", b"t", b"l", b"\x85",
    b"\x86", b"\x87", b"a", b"e", b"s", b"u", b"q\0", b"q\1", b"h\0", b"h\1", b"0", b"2", b"R", b"b", b"Q", b"\x81", b"\x93",
    b"\x94", b"i", b"o", b"d", b"\x8f", b"\x90", b"\x91", b"P1\n", b"I1\n", b"V1\n", b"S'1'\n", b"\x8a\1\1", b"\x92",
    number(2**62), number(-1), number(2**200), text("0"), text("storage"), text("a" * 50), text("latin1"), b"C\3abc",
    tensor(), tensor((2, 2), (2, 1)), tensor((2**40,), (0,)), storage(), storage("ByteStorage", "1", 8), numbers((1, 2)),
    *(b"c%b\n%b\n" % tuple(part.encode() for part in name.rsplit(".", 1)) for name in NAMES),
]
# fmt: on


def random_file(rng: random.Random):
    """A file whose pickle is a random program of instructions."""
    program = b"".join(rng.choice(PIECES) for _ in range(rng.randint(1, 25)))
    return file_of(
        b"\x80\2" + program + rng.choice([STOP, STOP, b"0.", b""]), {"0": bytes(16), "1": bytes(8)}
    )
