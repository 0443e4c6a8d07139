"""A small transformer learns to add: it completes "37+58=" by "095", for numbers
that it has not seen together.

    python examples/transformer.py

Of all pairs of numbers below 100 a fifth is held out, in both orders.  To the network a 7 is a character like
any other: what a digit stands for, what its place does, and when to carry, it has to find out from the other
sums.  At least 99 % of those held out must be right, in all three digits.  Ctrl-C stops the training; what
has been learned by then is evaluated.
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", os.environ.get("OMP_NUM_THREADS", "1"))  # small matrices

import argparse
import sys
from functools import partial

import numpy as np

import tinygrad_edu as tg
from tinygrad_edu import nn
from tinygrad_edu.optim import schedule

CHARACTERS = "0123456789+="
QUESTION, LINE = len("37+58="), len("37+58=095")


def sums(pairs: np.ndarray) -> np.ndarray:
    """Pairs of numbers, of shape (n, 2), as lines of characters, each by its number: shape (n, 9)."""
    return np.array(
        [[CHARACTERS.index(character) for character in f"{a:02}+{b:02}={a + b:03}"] for a, b in pairs]
    )


def split(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Sums to learn from, and sums held out; a pair is on one side in both of its orders."""
    pairs = rng.permutation([(a, b) for a in range(100) for b in range(a + 1)])
    parts = np.split(pairs, [len(pairs) - len(pairs) // 5])
    lines, held_out = (sums(np.concatenate([part, part[:, ::-1]])) for part in parts)
    return lines, held_out


class Transformer(nn.Module):
    """Says for each place of a line, from what stands up to it, which character comes next."""

    def __init__(self, rng: np.random.Generator, *, width: int = 64, heads: int = 4, layers: int = 2) -> None:
        # Beside what the layers add; with a variance of 1 some runs need far more steps.
        small = partial(nn.init.normal, std=0.2)
        self.character = nn.Embedding(len(CHARACTERS), width, init=small, rng=rng)
        # A vector for each place: attention itself knows no order.
        self.place = nn.Embedding(LINE, width, init=small, rng=rng)
        self.blocks = nn.ModuleList(
            nn.TransformerEncoderLayer(
                width, heads, 4 * width, dropout=0.0, batch_first=True, norm_first=True, rng=rng
            )
            for _ in range(layers)
        )
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, len(CHARACTERS), rng=rng)

    def forward(self, characters: np.ndarray) -> tg.Tensor:
        """Logits of shape (n, t, 12) for characters of shape (n, t)."""
        x = self.character(characters) + self.place(np.arange(characters.shape[1]))  # (n, t, width)
        for block in self.blocks:
            x = block(x, is_causal=True)
        return self.head(self.norm(x))


def train(
    model: Transformer,
    lines: np.ndarray,
    some: np.ndarray,
    rng: np.random.Generator,
    *,
    steps: int,
    batch: int = 64,
) -> None:
    """The loss is that of the answer: what the numbers are cannot be foreseen."""
    optimizer = tg.optim.AdamW(model.parameters(), lr=0.0, weight_decay=0.01)
    warm = steps // 10 + 1
    rate = schedule.warmup(warm, then=schedule.cosine(0.005, max(1, steps - warm)))
    for step in range(steps):
        optimizer.lr = rate(step)
        line = lines[rng.integers(len(lines), size=batch)]
        optimizer.zero_grad()
        logits = model(line[:, :-1])[:, QUESTION - 1 :]  # (batch, 3, 12)
        loss = tg.softmax_cross_entropy(logits, line[:, QUESTION:])
        loss.backward()
        optimizer.step()
        if (step + 1) % 100 == 0:
            print(
                f"step {step + 1}/{steps}, loss {loss.item():.4f}, held-out {accuracy(model, some):.1%} "
                "right",
                file=sys.stderr,
                flush=True,
            )


@tg.no_grad
def answer(model: Transformer, questions: np.ndarray, rng: np.random.Generator | None = None) -> np.ndarray:
    """Complete each line: the likeliest, or, given a generator, drawn by their probabilities."""
    lines = questions
    for _ in range(LINE - QUESTION):
        p = tg.softmax(model(lines)[:, -1].astype(np.float64)).numpy()  # (n, 12)
        new = p.argmax(axis=1) if rng is None else np.array([rng.choice(len(CHARACTERS), p=row) for row in p])
        lines = np.column_stack([lines, new])
    return lines


def accuracy(model: Transformer, lines: np.ndarray) -> float:
    return float(np.mean(np.all(answer(model, lines[:, :QUESTION]) == lines, axis=1)))


def main() -> int:
    parser = argparse.ArgumentParser(
        description="Train a transformer to add.", formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the split and of the network")
    parser.add_argument("--steps", type=int, default=600, metavar="N", help="updates of the parameters")
    settings = parser.parse_args()

    rng = np.random.default_rng(settings.seed)
    lines, held_out = split(rng)
    model = Transformer(rng)
    print(
        f"{sum(p.size for p in model.parameters())} parameters, {len(lines)} sums to learn from, "
        f"{len(held_out)} held out"
    )
    interrupted = False
    try:
        train(model, lines, held_out[:200], rng, steps=settings.steps)
    except KeyboardInterrupt:
        interrupted = True

    some = held_out[:10]
    print("\nanswers to ten held-out sums, drawn by their probabilities:")
    for line, true in zip(answer(model, some[:, :QUESTION], rng), some):
        print(
            f"  {''.join(CHARACTERS[i] for i in line)}  {'right' if np.array_equal(line, true) else 'wrong'}"
        )
    reached = accuracy(model, held_out)
    print(f"\n{reached:.2%} of the held-out sums right")
    if interrupted:
        return 130  # as shells expect of a program that Ctrl-C ended
    if settings.seed == parser.get_default("seed") and settings.steps == parser.get_default("steps"):
        assert reached >= 0.99
    return 0


if __name__ == "__main__":
    sys.exit(main())
