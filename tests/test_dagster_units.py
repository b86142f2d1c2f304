"""Which apps of a key Dagster asks for next, and what it changes when Apple lists other apps."""

from datetime import UTC, datetime

import dagster as dg
import pytest

from app_store_connect.api.budget import HOURLY_LIMIT
from app_store_connect.errors import ConfigurationError
from asc_pipeline.dagster.apps import AppsOfKeys, partition_requests
from asc_pipeline.dagster.settings import read_dagster_settings
from asc_pipeline.dagster.units import (
    AppRange,
    day_start,
    next_unit,
)
from tests.conftest import KEYS

HUNDRED = [str(1_500_000_000 + number) for number in range(100)]


def unit(
    loaded_today: list[str],
    loaded_ever: list[str],
    most_requests: int = HOURLY_LIMIT,
    left: dict[str, int] | None = None,
    after: str | None = None,
) -> tuple[int, int] | None:
    """The numbers of its first and its last app."""
    found = next_unit(
        HUNDRED,
        loaded_today=loaded_today,
        loaded_ever=loaded_ever,
        left=left or {},
        after=after,
        most_apps=90,
        most_requests=most_requests,
    )
    return (HUNDRED.index(found.first), HUNDRED.index(found.last)) if found else None


def test_first_load_takes_few_apps() -> None:
    """An app with a month of instances takes 299 requests."""
    assert (0, 11) == unit([], [])


def test_app_loaded_in_part_takes_what_is_left() -> None:
    """Twelve instances of each are left: 31 requests."""
    assert (0, 89) == unit([], [], left=dict.fromkeys(HUNDRED, 12))


def test_day_takes_many_apps() -> None:
    """With 43 requests each."""
    assert (0, 82) == unit([], HUNDRED)


def test_next_unit_begins_after_the_last() -> None:
    """An app that fails each hour keeps no other from being loaded; at the end begins the first."""
    rest = [each for each in HUNDRED if each not in (HUNDRED[3], HUNDRED[70])]

    assert (70, 70) == unit(rest, HUNDRED, after=HUNDRED[70 - 1])
    assert (3, 70) == unit(rest, HUNDRED, after=HUNDRED[99])
    assert (3, 70) == unit(rest, HUNDRED, after="gone")


def test_no_more_than_ninety() -> None:
    assert (0, 89) == unit([], HUNDRED, 1_000_000)


def test_goes_on_after_the_loaded() -> None:
    assert (40, 99) == unit(HUNDRED[:40], HUNDRED)
    assert unit(HUNDRED, HUNDRED) is None


def test_loaded_apps_between_are_part_of_the_range() -> None:
    """Two that failed cost one run, since Dagster takes a range."""
    rest = [each for each in HUNDRED if each not in (HUNDRED[3], HUNDRED[20])]

    assert (3, 20) == unit(rest, HUNDRED)


def test_dear_app_is_a_unit_of_its_own() -> None:
    assert (0, 0) == unit([], [], most_requests=10)


@pytest.mark.parametrize(
    ("hour", "start"),
    [(9, "2026-11-25T09:00:00+00:00"), (8, "2026-11-26T08:00:00+00:00")],
)
def test_day_begins_at_its_hour(hour: int, start: str) -> None:
    now = datetime(2026, 11, 26, 8, 30, tzinfo=UTC)

    assert start == day_start(now, hour).isoformat()


def test_hour_of_the_day_is_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"{KEYS}DAGSTER__DAY_BEGINS", "24")
    with pytest.raises(ConfigurationError, match=r"day_begins is an hour from 0 to 23, and is 24"):
        read_dagster_settings()


def test_apps_of_a_key_that_did_not_answer_stay() -> None:
    """Of one whose list was not read in full new ones come, and none goes."""
    found = AppsOfKeys({"whole": ["1", "3"], "part": ["1", "3"]}, in_part={"part"})
    known = {"whole": ["1", "2"], "part": ["1", "2"], "silent": ["1", "2"]}
    requests = partition_requests(found, known)

    add, delete = dg.AddDynamicPartitionsRequest, dg.DeleteDynamicPartitionsRequest
    assert [
        (add, "apps_whole", ["3"]),
        (delete, "apps_whole", ["2"]),
        (add, "apps_part", ["3"]),
    ] == [(type(each), each.partitions_def_name, list(each.partition_keys)) for each in requests]


def test_unit_names_its_ends() -> None:
    found = next_unit(
        HUNDRED[:2], loaded_today=[], loaded_ever=[], left={}, after=None, most_apps=90
    )

    assert AppRange(HUNDRED[0], HUNDRED[1]) == found
