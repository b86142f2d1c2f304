"""A digest as Markdown, plain lines or a page of HTML. Pure."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from html import escape
from typing import Any

from asc_pipeline.digest.picture import chart
from asc_pipeline.digest.weeks import DayFigure, Move, Tile
from asc_pipeline.text import printable

NAMES = {
    "impressions": "Impressions",
    "first_time_downloads": "First-time downloads",
    "sessions": "Sessions",
    "crashes": "Crashes",
    "deletions": "Deletions",
    "proceeds_usd": "Proceeds, USD",
    "conversion": "Conversion, downloads by impression",
    "crashes_per_1000_sessions": "Crashes per 1,000 sessions",
}
_DIMENSIONS = {
    "territory_name": "territory",
    "source_type": "source type",
    "app_version": "version",
}
PICTURE_TEXT = "The figures above by day, beside those of the week before"
_HEAD = ("", "this week", "week before", "change", "a year before", "change")
_UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Digest:
    """A week in figures, and how far they can be trusted."""

    monday: date
    tiles: Sequence[Tile]
    by_day: Sequence[DayFigure]
    moves: Sequence[Move]
    app_names: Mapping[int, str]
    reports: int
    late: int
    missing_dates: int

    @property
    def title(self) -> str:
        sunday = self.monday + timedelta(days=6)
        return f"App Store Connect, week of {self.monday} to {sunday}"

    def rows(self) -> list[tuple[str, ...]]:
        return [_tile_row(each) for each in self.tiles]

    def picture(self) -> dict[str, Any]:
        return chart(self.by_day, NAMES)

    def move_lines(self) -> list[str]:
        return [_move_line(each, self.app_names) for each in self.moves]

    @property
    def freshness(self) -> str:
        return (
            f"All of these figures are complete by Apple's account. Late reports: {self.late} of"
            f" {self.reports}; missing dates: {self.missing_dates}. asc-segments status names them."
        )

    def as_json(self) -> dict[str, object]:
        return {
            "week": self.monday.isoformat(),
            "title": self.title,
            "figures": [
                {
                    "name": each.name,
                    "this_week": each.now,
                    "week_before": each.week_before,
                    "year_before": each.year_before,
                }
                for each in self.tiles
            ],
            "moves": self.move_lines(),
            "freshness": self.freshness,
        }


def plain_lines(digest: Digest) -> list[str]:
    """For chat and mail, where a table would not be one."""
    figures = [
        f"{name}: {now} ({_compared('the week before', before, change)};"
        f" {_compared('a year before', year, year_change)})"
        for name, now, before, change, year, year_change in digest.rows()
    ]
    return [*figures, "Largest moves:", *digest.move_lines(), digest.freshness]


def _compared(when: str, figure: str, change: str) -> str:
    return f"{when} {figure}" if change == _UNKNOWN else f"{when} {figure}, {change}"


def as_markdown(digest: Digest, picture: str | None = None) -> str:
    """`picture` is the name of its file, if it has one."""
    shown = f"![{PICTURE_TEXT}]({picture})\n\n" if picture else ""
    rows = "\n".join(f"| {' | '.join(map(_cell, row))} |" for row in (_HEAD, *digest.rows()))
    head, _, body = rows.partition("\n")
    table = f"{head}\n|---|{'---:|' * (len(_HEAD) - 1)}\n{body}"
    moves = "\n".join(f"- {_cell(each)}" for each in digest.move_lines())
    return (
        f"# {digest.title}\n\n{table}\n\n{shown}## Largest moves\n{moves or '- none'}\n\n"
        f"## Freshness\n{digest.freshness}\n"
    )


def as_html(digest: Digest, picture: bytes) -> str:
    """A page that loads nothing. Names are text, never markup. `picture` is an SVG file."""
    source = f"data:image/svg+xml;base64,{b64encode(picture).decode()}"
    head = "".join(f'<th scope="col">{escape(each)}</th>' for each in _HEAD)
    body = "\n".join(_html_row(row) for row in digest.rows())
    moves = "\n".join(f"<li>{escape(each)}</li>" for each in digest.move_lines())
    return f"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>{escape(digest.title)}</title>
<style>body {{ font: 1rem/1.5 sans-serif; max-width: 50rem; margin: auto; padding: 1rem }}
div {{ overflow-x: auto }} img {{ max-width: 100% }}
table {{ border-collapse: collapse; width: 100% }}
th, td {{ padding: .3rem .6rem; text-align: right; border-bottom: 1px solid }}
th[scope=row] {{ text-align: left }}</style>
<h1>{escape(digest.title)}</h1>
<div><table>
<tr>{head}</tr>
{body}
</table></div>
<p><img src="{source}" alt="{PICTURE_TEXT}"></p>
<h2>Largest moves</h2>
<ul>
{moves or "<li>none</li>"}
</ul>
<h2>Freshness</h2>
<p>{escape(digest.freshness)}</p>
</html>
"""


def _html_row(row: tuple[str, ...]) -> str:
    cells = "".join(f"<td>{escape(each)}</td>" for each in row[1:])
    return f'<tr><th scope="row">{escape(row[0])}</th>{cells}</tr>'


def _cell(text: str) -> str:
    """Text that is no markup of Markdown, nor of the HTML that it may hold."""
    for sign in "\\|`*_[]<>#":
        text = text.replace(sign, f"\\{sign}")
    return text


def _tile_row(tile: Tile) -> tuple[str, ...]:
    return (
        NAMES[tile.name],
        _figure(tile.name, tile.now),
        _figure(tile.name, tile.week_before),
        _change(tile.week_before, tile.now),
        _figure(tile.name, tile.year_before),
        _change(tile.year_before, tile.now),
    )


def _move_line(move: Move, app_names: Mapping[int, str]) -> str:
    name = app_names.get(move.app_id, f"app {move.app_id}")
    figures = f"{_figure(move.measure, move.before)} to {_figure(move.measure, move.now)}"
    line = f"{name}: {NAMES[move.measure]} {_change(move.before, move.now)}, {figures}"
    if source := move.source:
        sign = "+" if source.change > 0 else "-"
        amount = f"{sign}{_figure(move.measure, abs(source.change))}"
        line += f"; mostly {_DIMENSIONS[source.dimension]} {source.value}, {amount}"
    return printable(line)


def _figure(name: str, value: float | None) -> str:
    if value is None:
        return _UNKNOWN
    if name == "conversion":
        return f"{value:.1%}"
    return f"{value:,.2f}" if name.endswith(("_usd", "_sessions")) else f"{value:,.0f}"


def _change(before: float | None, now: float | None) -> str:
    if before is None or now is None:
        return _UNKNOWN
    return f"{now / before - 1:+.0%}" if before else "new"
