"""Names on the destination are made from Apple's by one rule, and never collide."""

import re
import time
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app_store_connect.entities import Granularity
from app_store_connect.names import (
    MAX_CHARACTERS,
    normalized,
    snake_case,
    table_name,
    unique_columns,
)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param("Pre-Order Start Date", "pre_order_start_date", id="punctuation"),
        pytest.param("Proceeds in USD", "proceeds_in_usd", id="capitals"),
        pytest.param("  Date  ", "date", id="spaces around"),
        pytest.param("A / B (C)", "a_b_c", id="runs of punctuation"),
        pytest.param("_app_id", "app_id", id="leading underscore"),
        pytest.param("7-Day Count", "_7_day_count", id="leading digit"),
        pytest.param("", "unnamed", id="empty"),
        pytest.param("!?", "unnamed", id="punctuation alone"),
        pytest.param("\u540d\u524d", "unnamed_7ec26292", id="no ascii"),
        pytest.param("Caf\u00e9 Visits", "caf_visits_9ebc1ad7", id="some ascii"),
        pytest.param("x" * 120, "x" * 120, id="long"),
        pytest.param("x" * 300, "x" * 110 + "_0d4e2ca9", id="too long"),
    ],
)
def test_snake_case(name: str, expected: str) -> None:
    """A name becomes lower-case words of ASCII, joined by single underscores."""
    assert snake_case(name) == expected


@given(st.text())
def test_snake_case_is_an_identifier(name: str) -> None:
    """Any text becomes an identifier that is none of the loader's own, and stays what it is."""
    column = snake_case(name)

    assert re.fullmatch(r"([a-z]|_[0-9])[a-z0-9]*(_[a-z0-9]+)*", column)
    assert snake_case(column) == column
    assert len(column) <= MAX_CHARACTERS + 1


@given(st.text(), st.text())
def test_names_of_other_letters_are_other_names(one: str, other: str) -> None:
    """Two names that are not the same letters and digits never become one, in any script."""
    if normalized(one) != normalized(other) and normalized(one) and normalized(other):
        assert snake_case(one) != snake_case(other)


HEADERS = st.lists(
    st.one_of(st.text(max_size=3), st.sampled_from(["a", "A", "a 2", "a_2", "a%", "a#", "a-2", ""]))
)


@given(HEADERS)
def test_unique_columns(header: list[str]) -> None:
    """Every column of a file has its own table column, in order, named after it."""
    columns = unique_columns(header)

    assert len(set(columns)) == len(header)
    assert [c.startswith(snake_case(n)) for c, n in zip(columns, header, strict=True)] == [
        True
    ] * len(header)


@given(HEADERS, st.randoms(use_true_random=False))
def test_columns_do_not_swap(header: list[str], random: Random) -> None:
    """In whatever order the columns stand, names that differ keep the table columns they have."""
    names = list({name.casefold().strip(): name for name in header}.values())
    shuffled = random.sample(names, len(names))

    assert dict(zip(names, unique_columns(names), strict=True)) == dict(
        zip(shuffled, unique_columns(shuffled), strict=True)
    )


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        pytest.param(["Rate (%)", "Rate (#)"], ["rate_34639ff3", "rate_b2736e70"], id="lost signs"),
        pytest.param(["Rate (%)", "Date"], ["rate", "date"], id="one of them alone"),
        pytest.param(["A-B", "A B"], ["a_b_d44362d6", "a_b_c8687a08"], id="other separators"),
        pytest.param(
            ["A-B (C)", "A / B. C"], ["a_b_c_a8c4ef81", "a_b_c_ee890be7"], id="runs of separators"
        ),
        pytest.param(["Pre-Order"], ["pre_order"], id="separators alone"),
        pytest.param(["Notes", "notes ", "Notes"], ["notes", "notes_2", "notes_3"], id="one name"),
    ],
)
def test_columns_of_a_file(header: list[str], expected: list[str]) -> None:
    """Columns that would become one get digits of their own; the others stay plain."""
    assert unique_columns(header) == expected


def test_unique_columns_of_one_name_are_not_quadratic() -> None:
    """A header of 100,000 equal names, as a broken file may have, is named in no time."""
    began = time.process_time()

    assert unique_columns(["x"] * 100_000)[-1] == "x_100000"
    assert time.process_time() - began < 2


@pytest.mark.parametrize("granularity", list(Granularity))
def test_table_name(granularity: Granularity) -> None:
    """A table is named after the report and the granularity."""
    expected = f"app_downloads_standard_{granularity.value.lower()}"

    assert table_name("App Downloads Standard", granularity) == expected


@given(st.text("abc-_ .()", min_size=1))
def test_normalized(name: str) -> None:
    """Case and punctuation do not count when names are compared."""
    assert normalized(name.upper()) == normalized(re.sub(r"\W|_", "", name))
