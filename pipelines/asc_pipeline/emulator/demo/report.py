"""A report of the demo: its columns and measures, and the making of its rows."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from app_store_connect.entities import Granularity
from asc_pipeline.emulator.demo.apps import COOKBOOK, GAME, WEATHER, Profile, Text, Weights
from asc_pipeline.emulator.demo.dimensions import DIMENSIONS, Values, drawn
from asc_pipeline.emulator.demo.figures import Block, Figure, Measure
from asc_pipeline.emulator.demo.measures import MEASURES, amount
from asc_pipeline.emulator.demo.totals import Make


@dataclass(frozen=True, slots=True)
class Report:
    """About `rows` rows a day: amounts spread over the columns in `varied`, told in `measures`.

    `also` has a column that varies only where a fixed column has that value; `values` and `own`
    have dimensions and measures that differ from those of other reports. `is_doubled`: Apple was
    seen to write each row of a MONTHLY instance twice.
    """

    rows: int
    amounts: tuple[Make, ...]
    varied: str
    measures: str
    apps: tuple[Profile, ...] = (WEATHER, COOKBOOK, GAME)
    also: Mapping[Text, str] = field(default_factory=dict)
    values: Mapping[str, Values] = field(default_factory=dict)
    own: Mapping[str, Measure] = field(default_factory=dict)
    granularities: tuple[Granularity, ...] = (Granularity.DAILY,)
    is_doubled: bool = False
    has_snapshot: bool = False

    def blocks(self, profile: Profile, day: date) -> list[Block]:
        made = [each for make in self.amounts for each in make(profile, day)]
        return [Block(fixed, total, self._varied(fixed, profile, day)) for fixed, total in made]

    def row(self, figure: Figure) -> dict[str, Text]:
        """The dimensions and measures of a figure; a measure is the amount if nothing is known."""
        known = {**MEASURES, **self.own}
        told = {name: known.get(name, amount)(figure) for name in self.measures.split(", ")}
        return {**figure.dimensions, **told}

    def _varied(self, fixed: Mapping[str, Text], profile: Profile, day: date) -> dict[str, Weights]:
        names = self.varied.split(", ") if self.varied else []
        names += [self.also[value] for value in fixed.values() if value in self.also]
        known = {**DIMENSIONS, **self.values}
        return {name: drawn(known[name], profile, day) for name in names if name not in fixed}
