"""The measures of the reports: from a figure to the text of a column."""

import math
from collections.abc import Mapping

from asc_pipeline.emulator.demo.apps import PROFILES, Product
from asc_pipeline.emulator.demo.figures import Figure, Measure

_PRODUCTS = {product.id: product for profile in PROFILES for product in profile.products}


def amount(figure: Figure) -> str:
    return str(figure.amount)


def unique(share: float = 0.6) -> Measure:
    """How many different devices are behind the amount: at least this share of it."""
    return lambda figure: str(
        max(1, math.ceil(abs(figure.amount) * (share + (1 - share) * figure.luck)))
    )


def lucky(least: float, more: float) -> Measure:
    """The amount times a number between `least` and `least + more`."""
    return lambda figure: str(round(figure.amount * (least + more * figure.luck)))


def seconds(figure: Figure) -> str:
    """The length of sessions. The other events of an app clip take no time."""
    event = figure.dimensions.get("App Clip Event Type", "Any")
    if event == "Any":
        return lucky(40, 180)(figure)
    return lucky(20, 40)(figure) if event == "Session" else "0"


def purchases(figure: Figure) -> str:
    return "0" if _is_partial_refund(figure) else amount(figure)


def paying_users(figure: Figure) -> str:
    return "0" if _is_trial(figure) else unique(0.8)(figure)


def usd(share: float) -> Measure:
    """This share of the money for purchases; negative for refunds."""

    def money(figure: Figure) -> str:
        paid = 0.5 if _is_partial_refund(figure) else 0.9 + 0.2 * figure.luck
        sales = _product(figure).cents * figure.amount * (0.0 if _is_trial(figure) else paid)
        return f"{round(sales * share) / 100:.2f}"

    return money


def _is_partial_refund(figure: Figure) -> bool:
    """Money back for no purchase."""
    return figure.amount < 0 and figure.luck > 0.8


def _is_trial(figure: Figure) -> bool:
    """The start of a free trial: a purchase without money and without a paying user."""
    return figure.amount > 0 and figure.luck > 0.85 and bool(_product(figure).duration)


def _product(figure: Figure) -> Product:
    return _PRODUCTS[figure.dimensions["Content Apple Identifier"] or ""]


MEASURES: Mapping[str, Measure] = {
    "Total Session Duration": seconds,
    "Unique Devices": unique(),
    "Unique Counts": unique(0.45),
    "Purchases": purchases,
    "Paying Users": paying_users,
    "Proceeds in USD": usd(0.85),
    "Sales in USD": usd(1),
    "Pre-Orders Canceled": lucky(0, 0.1),
    "Users Opting-In": lucky(0.22, 0.1),
}
"""Column name to its text, in every report that does not say otherwise."""
