"""An LSTM learns a counting rhyme letter by letter: spelling, rhythm, who says what,
and how to count backwards.

    python examples/char_lstm.py

The rhyme is made by a grammar of a few lines, so that the best possible figure is known: all that nobody can
foresee is which of eight animals comes next, 3 bits a line.  The loss is measured in bits per character on
songs that were not in training, and stands between two bounds: above the entropy of the grammar, and far
below what counts of letters or of pairs of letters can do.  Ctrl-C stops the training; what has been learned
by then is evaluated, and sings.
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", os.environ.get("OMP_NUM_THREADS", "1"))  # small matrices

import argparse
import math
import sys

import numpy as np

import tinygrad_edu as tg
from tinygrad_edu import nn
from tinygrad_edu.optim import clip_grad_norm, schedule

NUMBERS = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
SOUNDS = {
    "cow": "moo",
    "cat": "meow",
    "dog": "woof",
    "pig": "oink",
    "hen": "cluck",
    "duck": "quack",
    "owl": "hoot",
    "lamb": "baa",
}
LETTERS = "\n ,.abcdefghijklmnopqrstuvwxyz"


def song(rng: np.random.Generator) -> str:
    """Ten lines, from "ten … say …," down to "one … says …."."""
    animals = rng.choice(list(SOUNDS), len(NUMBERS))
    lines = [f"{number} {animal}s say {SOUNDS[animal]},\n" for number, animal in zip(NUMBERS[:0:-1], animals)]
    return "".join(lines) + f"one {animals[-1]} says {SOUNDS[animals[-1]]}.\n\n"


def encode(text: str) -> np.ndarray:
    return np.array([LETTERS.index(letter) for letter in text])


class Singer(nn.Module):
    """Says for each letter of a text which comes next, and remembers what it has read."""

    def __init__(self, hidden: int, rng: np.random.Generator) -> None:
        self.embedding = nn.Embedding(len(LETTERS), 16, rng=rng)
        self.lstm = nn.LSTM(16, hidden, batch_first=True, rng=rng)
        self.head = nn.Linear(hidden, len(LETTERS), rng=rng)

    def forward(
        self, letters: np.ndarray, state: tuple[tg.Tensor, tg.Tensor] | None = None
    ) -> tuple[tg.Tensor, tuple[tg.Tensor, tg.Tensor]]:
        """Logits of shape (b, t, letters) for letters of shape (b, t), and the state after the last."""
        output, state = self.lstm(self.embedding(letters), state)
        return self.head(output), state


def train(
    model: Singer,
    text: np.ndarray,
    held_out: np.ndarray,
    *,
    steps: int,
    batch: int = 16,
    length: int = 64,
    lr: float = 0.01,
) -> None:
    """Read the text in ``batch`` places at once, ``length`` letters a step.

    The state is carried on, the gradient is not.
    """
    streams = text[: len(text) // batch * batch].reshape(batch, -1)
    optimizer = tg.optim.Adam(model.parameters(), lr=lr)
    rate, start, state = schedule.cosine(lr, steps), 0, None
    for step in range(steps):
        if start + length >= streams.shape[1]:
            start, state = 0, None
        letters = streams[:, start : start + length + 1]
        start += length
        optimizer.lr = rate(step)
        optimizer.zero_grad()
        logits, state = model(letters[:, :-1], state)
        loss = tg.softmax_cross_entropy(logits, letters[:, 1:])
        loss.backward()
        clip_grad_norm(model.parameters(), 1.0)
        optimizer.step()
        state = tuple(part.detach() for part in state)
        if (step + 1) % 100 == 0:
            print(
                f"step {step + 1}/{steps}, held-out {bits(model, held_out):.3f} bits per character",
                file=sys.stderr,
                flush=True,
            )


@tg.no_grad
def bits(model: Singer, text: np.ndarray) -> float:
    """Cross-entropy of a text, in bits per character."""
    logits, _ = model(text[None, :-1])
    return tg.softmax_cross_entropy(logits, text[None, 1:]).item() / math.log(2)


@tg.no_grad
def sing(model: Singer, rng: np.random.Generator, *, temperature: float, length: int) -> str:
    """Draw one letter after the other, after the first word.

    A temperature below 1 prefers the likely ones.
    """
    text, state = "ten", None
    new = encode(text)
    for _ in range(length):
        logits, state = model(new[None], state)
        p = tg.softmax(logits[0, -1].astype(np.float64) / temperature).numpy()
        new = rng.choice(len(LETTERS), size=1, p=p)
        text += LETTERS[new[0]]
    return text


def entropy(text: str, known: int) -> float:
    """What a letter costs, in bits, for one who knows the letters before it, ``known`` of them,
    and how often each follows.
    """

    def of_groups(size: int) -> float:
        counts = np.unique([text[i : i + size] for i in range(len(text) - known)], return_counts=True)[1]
        p = counts / counts.sum()
        return -float(np.sum(p * np.log2(p)))

    return of_groups(known + 1) - (of_groups(known) if known else 0.0)


def right_lines(text: str) -> tuple[int, int]:
    """How many whole lines the grammar could have made, each after the line before it,
    and how many lines there are.
    """
    lines = [line for line in text.split("\n")[:-1] if line]
    right = 0
    for before, line in zip(["one", *lines], lines):
        number, *rest = line.split(" ")
        turn = {"one": "ten", **dict(zip(NUMBERS[1:], NUMBERS))}.get(before.split(" ")[0])
        end = "{0} says {1}." if number == "one" else "{0}s say {1},"
        right += number == turn and " ".join(rest) in [
            end.format(animal, sound) for animal, sound in SOUNDS.items()
        ]
    return right, len(lines)


def main() -> int:
    parser = argparse.ArgumentParser(
        description="Train an LSTM on a counting rhyme.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument(
        "--seed", type=int, default=0, metavar="N", help="of the rhyme, of the network and of what it sings"
    )
    parser.add_argument("--steps", type=int, default=800, metavar="N", help="updates of the parameters")
    settings = parser.parse_args()

    rng = np.random.default_rng(settings.seed)
    text, held_out = ("".join(song(rng) for _ in range(songs)) for songs in (100, 20))
    model = Singer(64, rng)
    print(
        f"{len(text)} letters to learn from, {len(held_out)} held "
        f"out:\n\n{held_out[: held_out.index('six')]}…\n"
    )
    interrupted = False
    try:
        train(model, encode(text), encode(held_out), steps=settings.steps)
    except KeyboardInterrupt:
        interrupted = True

    reached = bits(model, encode(held_out))
    least = 20 * len(NUMBERS) * math.log2(len(SOUNDS)) / (len(held_out) - 1)
    print("bits per character of the held-out songs")
    for name, value in (
        ("by the frequency of each letter", entropy(held_out, 0)),
        ("by the frequency of each pair", entropy(held_out, 1)),
        ("by the frequency of each three", entropy(held_out, 2)),
        ("LSTM", reached),
        ("entropy of the grammar", least),
    ):
        print(f"  {name:32} {value:.3f}")
    for temperature in (0.5, 1.0, 1.5):
        sung = sing(model, rng, temperature=temperature, length=1000)
        right, lines = right_lines(sung)
        print(
            f"\nat temperature {temperature}, {right} of {lines} lines are right:\n\n"
            + "\n".join(sung.split("\n")[:12])
        )
    if interrupted:
        return 130  # as shells expect of a program that Ctrl-C ended
    if settings.seed == parser.get_default("seed") and settings.steps == parser.get_default("steps"):
        assert least < reached < 0.18
    return 0


if __name__ == "__main__":
    sys.exit(main())
