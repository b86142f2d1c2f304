"""Accounts to load everywhere, and what must have arrived of them."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from tests.emulator import World
from tests.worlds import (
    APPS,
    CRASHES,
    PURCHASES,
    TODAY,
    add_vintage,
    crash_rows,
    world_with_reports,
)

LONG = "A Report Whose Name Goes On And On Until Postgres Has No Room For It "
LONG_COLUMN = "A Column Whose Name Goes On And On Until Postgres Has No Room For It "
GREATEST = 2**63 - 1
MONEY = "12345678901234567890123456789.123456789"
FAMILY = "\N{WOMAN}\u200d\N{WOMAN}\u200d\N{GIRL} e\u0301 \N{ARABIC LETTER ALEF} 'x' \\ %s {y} ;"
TEXTS = (FAMILY, "x\N{BUG}" * 12_000, "1.10", "NA", "null")


def restate(world: World) -> None:
    """Apple re-publishes a segment, withdraws another, and prepares an instance more."""
    newest = max(world.instances.values(), key=world.rank)
    app_id = newest.report.request.app_id
    world.republish(newest.segments[0], crash_rows(app_id, TODAY - timedelta(days=1), vintage=9))
    newest.segments.pop()
    other = next(each for each in APPS if each != app_id)
    add_vintage(world, world.report(other, CRASHES), TODAY, window=5)


def long_names() -> tuple[World, list[str], dict[str, str]]:
    """Two reports, and two columns of them, that differ in their last word only."""
    names = [f"{LONG}{word}" for word in ("Any More", "At All")]
    columns = {f"{LONG_COLUMN}{word}": word for word in ("Any More", "At All")}
    world = world_with_reports(*names, app_ids=APPS[:1])
    for name in names:
        row = {"Date": TODAY.isoformat(), **columns}
        world.add_instance(world.report(APPS[0], name), "DAILY", TODAY, [[row]])
    return world, names, columns


def world_of_types() -> World:
    """Purchases with the greatest and oddest values that the columns' types hold."""
    world = world_with_reports(PURCHASES, app_ids=APPS[:1])
    rows = [
        {
            "Date": day.isoformat(),
            "App Name": text,
            "App Apple Identifier": APPS[0],
            "Content Apple Identifier": str(sign * GREATEST),
            "Purchases": str(sign * GREATEST),
            "Proceeds in USD": MONEY if sign > 0 else f"-{MONEY}",
            "Sales in USD": "0.000000001",
            "Territory": None,
        }
        for day, text, sign in zip(_days(), TEXTS, (1, -1, 1, -1, 1), strict=True)
    ]
    world.add_instance(world.report(APPS[0], PURCHASES), "DAILY", TODAY, [rows])
    return world


TYPES_QUESTION = (
    "select date, app_name, content_apple_identifier, purchases, proceeds_in_usd, sales_in_usd,"
    " territory, _app_id, _processing_date"
    " from app_store_connect.app_store_purchases_standard_daily order by date"
)


def expected_types() -> list[tuple[Any, ...]]:
    """The answer to `TYPES_QUESTION`."""
    return [
        (
            day,
            text,
            sign * GREATEST,
            sign * GREATEST,
            Decimal(MONEY).copy_sign(sign),
            Decimal("0.000000001"),
            None,
            int(APPS[0]),
            TODAY,
        )
        for day, text, sign in zip(_days(), TEXTS, (1, -1, 1, -1, 1), strict=True)
    ]


def _days() -> list[date]:
    return [date(1970, 1, 1), date(2024, 2, 29), date(2026, 1, 31), date(2026, 11, 1), TODAY]
