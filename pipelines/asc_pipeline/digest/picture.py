"""The picture of a digest: each figure by day, of the week and of the one before."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from app_store_connect.errors import ConfigurationError, to_install
from asc_pipeline.digest.weeks import DayFigure

VEGA_LITE = "5.20"
"""The newest that each vl-convert from 1.7 on knows."""
SCALE = 2.0
"""Pixels of the PNG for one of the picture: sharp on a telephone."""
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_WEEKS = ("week before", "this week")
_COLOURS = ("#9aa5b1", "#0b63ce")

_ENCODING = {
    "x": {
        "field": "day",
        "sort": _WEEKDAYS,
        "title": None,
        "axis": {"labelAngle": 0, "grid": False},
    },
    "y": {"field": "value", "type": "quantitative", "title": None},
    "color": {
        "field": "week",
        "title": None,
        "scale": {"domain": _WEEKS, "range": _COLOURS},
        "legend": {"orient": "top"},
    },
}


def chart(figures: Sequence[DayFigure], names: Mapping[str, str]) -> dict[str, Any]:
    """A Vega-Lite specification, with a small chart for each measure in the order of `names`."""
    values = [
        {
            "figure": names[each.measure],
            "week": _WEEKS[each.is_this_week],
            "day": _WEEKDAYS[each.weekday],
            "value": each.value,
        }
        for each in figures
    ]
    shown = {each["figure"] for each in values}
    return {
        "background": "white",
        "data": {"values": values},
        "columns": 3,
        "facet": {
            "field": "figure",
            "title": None,
            "sort": [each for each in names.values() if each in shown],
            "header": {"labelFontSize": 13, "labelFontWeight": "bold"},
        },
        "spec": {
            "width": 200,
            "height": 110,
            "mark": {"type": "line", "point": True},
            "encoding": _ENCODING,
        },
        "resolve": {"scale": {"y": "independent"}, "axis": {"x": "independent"}},
    }


def write_picture(file: Path, specification: Mapping[str, Any]) -> None:
    """Write the picture; its ending says whether as SVG or PNG.

    Raises:
        ConfigurationError: vl-convert is not installed, or the file cannot be written.
    """
    kind: Literal["svg", "png"] = "svg" if file.suffix == ".svg" else "png"
    try:
        file.write_bytes(drawn(specification, kind))
    except OSError as error:
        raise ConfigurationError(f"{file} cannot be written: {error.strerror}") from None


def drawn(specification: Mapping[str, Any], kind: Literal["svg", "png"]) -> bytes:
    """Raises ConfigurationError if vl-convert is not installed."""
    try:
        import vl_convert
    except ImportError:
        raise ConfigurationError(
            f"vl-convert draws the picture, and is not installed here: {to_install('dashboard')}"
        ) from None
    spec = dict(specification)
    if kind == "png":
        return vl_convert.vegalite_to_png(spec, vl_version=VEGA_LITE, scale=SCALE)
    return vl_convert.vegalite_to_svg(spec, vl_version=VEGA_LITE).encode()
