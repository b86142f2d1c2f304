"""Invented figures: totals spread over dimensions, and told differently at different ages."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from asc_pipeline.emulator.demo.apps import Text, Weights


@dataclass(frozen=True, slots=True)
class Block:
    """A total to spread: rows share `fixed`, and vary in the dimensions of `varied`."""

    fixed: Mapping[str, Text]
    total: float
    varied: Mapping[str, Weights]


@dataclass(frozen=True, slots=True)
class Figure:
    """A row before it is written: dimensions, the main measure, and a number in 0..1 of its own."""

    dimensions: Mapping[str, Text]
    amount: int
    luck: float


Measure = Callable[[Figure], str]


def restated(figure: Figure, age: int, complete_age: int) -> Figure | None:
    """The figure as told so many periods after its own; None: the instance does not have the row.

    Some rows come late, and a few vanish again when the figures are corrected. The amount is less
    at first, and corrected by a little when it is complete.
    """
    fate = figure.luck * 7919 % 1
    first_age = 1 if fate < 0.8 else 2 if fate < 0.95 else 3
    is_late = age < min(first_age, complete_age)
    is_withdrawn = fate < 0.03 and age >= complete_age > 1
    is_corrected = 0.03 <= fate < 0.05 and age > complete_age
    if is_late or is_withdrawn or is_corrected:
        return None
    share = min(1.0, 0.66 + 0.34 * age / complete_age)
    if age > complete_age:
        share += (figure.luck - 0.5) * 0.02
    size = max(1, round(abs(figure.amount) * share)) if figure.amount else 0
    return Figure(figure.dimensions, int(math.copysign(size, figure.amount)), figure.luck)


def arrived(figure: Figure, age: int, latest_age: int) -> Figure | None:
    """The figure if its row arrives at that age: it does so once, most often at the first."""
    late = figure.luck * 104_729 % 1
    delay = 1 if late < 0.7 else 2 + int((late - 0.7) / 0.3 * (latest_age - 1))
    return figure if age == delay else None


def spread(blocks: Sequence[Block], rows: int, dice: Random) -> list[Figure]:
    """About `rows` figures whose amounts come near to the blocks' totals; some are twins."""
    sizes = [math.sqrt(abs(block.total)) for block in blocks]
    whole = sum(sizes) or 1
    figures: list[Figure] = []
    for block, size in zip(blocks, sizes, strict=True):
        count = min(round(rows * size / whole), int(abs(block.total)))
        figures += _spread(block, max(count, int(abs(block.total) >= 1)), dice)
    return figures


def _spread(block: Block, count: int, dice: Random) -> list[Figure]:
    names = list(block.varied)
    drawn = [dice.choices(list(w), list(w.values()), k=count) for w in block.varied.values()]
    combinations = list(dict.fromkeys(zip(*drawn, strict=True))) if names else [()] * min(count, 1)
    weights = [0.05 + dice.random() ** 3 for _ in combinations]
    scale = block.total / (sum(weights) or 1)
    figures: list[Figure] = []
    for values, weight in zip(combinations, weights, strict=True):
        amount = round(weight * scale) or int(math.copysign(1, block.total))
        dimensions = {**block.fixed, **dict(zip(names, values, strict=True))}
        figure = Figure(dimensions, amount, dice.random())
        figures += [figure, figure] if figure.luck < 0.03 and names else [figure]
    return figures
