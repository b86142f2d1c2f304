"""Invented figures: totals spread over dimensions, and the vintages in which they are told."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from random import Random

Text = str | None
Weights = Mapping[Text, float]


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


Measures = Callable[[Figure], Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Vintage:
    """How many periods after its own a date is told of, and after how many it is complete."""

    age: int
    complete_age: int

    @property
    def completeness(self) -> float:
        return min(1.0, 0.66 + 0.34 * self.age / self.complete_age)

    def shows(self, figure: Figure) -> bool:
        """Some rows come late, and a few vanish again when the figures are corrected."""
        fate = figure.luck * 7919 % 1
        first_age = 1 if fate < 0.8 else 2 if fate < 0.95 else 3
        if fate < 0.03 and self.age >= self.complete_age > 1:
            return False
        if 0.03 <= fate < 0.05 and self.age > self.complete_age:
            return False
        return self.age >= min(first_age, self.complete_age)

    def amount(self, figure: Figure) -> int:
        """The amount as known at this age: less at first, corrected by a little when complete."""
        share = self.completeness
        if self.age > self.complete_age:
            share += (figure.luck - 0.5) * 0.02
        size = max(1, round(abs(figure.amount) * share)) if figure.amount else 0
        return int(math.copysign(size, figure.amount))


def spread(blocks: Sequence[Block], rows: int, dice: Random) -> list[Figure]:
    """About `rows` figures whose amounts come near to the blocks' totals; some are twins."""
    sizes = [math.sqrt(abs(block.total)) for block in blocks]
    whole = sum(sizes) or 1
    figures: list[Figure] = []
    for block, size in zip(blocks, sizes, strict=True):
        count = min(round(rows * size / whole), int(abs(block.total)))
        figures += _spread(block, max(count, int(abs(block.total) >= 1)), dice)
    return figures


def told(figures: Iterable[Figure], vintage: Vintage) -> list[Figure]:
    """The figures as an instance of this vintage tells them."""
    return [
        Figure(figure.dimensions, vintage.amount(figure), figure.luck)
        for figure in figures
        if vintage.shows(figure)
    ]


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


def unique(figure: Figure, share: float = 0.6) -> str:
    """How many different devices are behind the amount: no more than it."""
    return str(max(1, math.ceil(abs(figure.amount) * (share + (1 - share) * figure.luck))))


def money(cents: float) -> str:
    return f"{round(cents) / 100:.2f}"
