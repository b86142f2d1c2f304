"""Apple's API grows, and one item that is not as described costs itself alone."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app_store_connect.api.client import AppStoreConnectClient
from app_store_connect.errors import MalformedResponseError
from asc_pipeline.emulator.server.wire import Answer
from tests.asking import ScriptedServer

HUGE = "@huge@"
"""Stands for a number of 5,000 digits, which Python neither reads nor writes as an integer."""
URL = "https://store.example.com/0.gz?X-Amz-Signature=s3"

Json = Any
Item = dict[str, Json]


def is_text(value: Json) -> bool:
    return isinstance(value, str) and value not in ("", HUGE)


def is_app_id(value: str) -> bool:
    return value.isascii() and value.isdigit() and len(value) <= 18


def is_size(value: Json) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63


def is_day(value: Json) -> bool:
    try:
        return 2000 <= date.fromisoformat(value).year < 3000
    except (TypeError, ValueError):
        return False


@dataclass(frozen=True)
class Endpoint:
    """A list, its items as Apple describes them, and what of them is needed."""

    ask: Callable[[AppStoreConnectClient, Callable[[MalformedResponseError], None]], list[Any]]
    good: Item
    needed: dict[str, Callable[[Json], bool]]
    texts: tuple[str, ...] = ()
    first_id: str = "i-"

    def odd(self, item: Json) -> int:
        """How many oddities there are in an item; -1 if it cannot be taken at all."""
        if not isinstance(item, dict) or not is_text(item.get("id")):
            return -1
        if self.first_id.isdigit() and not is_app_id(item["id"]):
            return -1
        attributes = item.get("attributes")
        if not isinstance(attributes, dict | None):
            return -1
        attributes = attributes or {}
        if not all(fits(attributes.get(name)) for name, fits in self.needed.items()):
            return -1
        values = [attributes.get(name) for name in self.texts]
        return sum(value == HUGE or not isinstance(value, str | None) for value in values)


ENDPOINTS = {
    "apps": Endpoint(
        lambda client, odd: client.list_apps(odd=odd),
        {"name": "A", "bundleId": "com.example", "sku": "S", "primaryLocale": "en-US"},
        {},
        ("name", "bundleId", "sku", "primaryLocale"),
        first_id="1000000",
    ),
    "report requests": Endpoint(
        lambda client, odd: client.list_report_requests("15", odd=odd),
        {"accessType": "ONGOING", "stoppedDueToInactivity": False},
        {
            "accessType": lambda value: value in ("ONGOING", "ONE_TIME_SNAPSHOT"),
            "stoppedDueToInactivity": lambda value: isinstance(value, bool | None),
        },
    ),
    "reports": Endpoint(
        lambda client, odd: client.list_reports("q", odd=odd),
        {"name": "App Crashes", "category": "APP_USAGE"},
        {"name": is_text},
        ("category",),
    ),
    "instances": Endpoint(
        lambda client, odd: client.list_instances("r1-q", odd=odd),
        {"granularity": "DAILY", "processingDate": "2026-11-20"},
        {
            "granularity": lambda value: value in ("DAILY", "WEEKLY", "MONTHLY"),
            "processingDate": is_day,
        },
    ),
    "segments": Endpoint(
        lambda client, odd: client.list_segments("i"),
        {"checksum": "a" * 32, "sizeInBytes": 156, "url": URL},
        {"checksum": is_text, "sizeInBytes": is_size, "url": is_text},
    ),
}


def nested(depth: int) -> Json:
    return [nested(depth - 1)] if depth else []


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([HUGE, 2**63 - 1, 2**63, -(2**63), 10**30, 1.5, -0.0]),
    st.sampled_from(["", "NEW_AT_APPLE", "HOURLY", "0001-01-01", "9999-12-31", "2026-11-31"]),
    st.sampled_from(["x" * 100_000, "\ud800", "\0", nested(100), {"href": "/v1"}, ["a"]]),
    st.text(max_size=5),
    st.lists(st.integers(), max_size=2),
)


AT_THE_EDGE: dict[str, list[Json]] = {
    "id": ["fifteen", "1" * 18, "1" * 19, "١٢", " 1", "-1", "", 7],
    "sizeInBytes": [0, -1, 2**63 - 1, 2**63, HUGE, 1.0, True, "156"],
    "processingDate": ["0001-01-01", "1999-12-31", "2000-01-01", "2999-12-31", "9999-12-31"],
    "stoppedDueToInactivity": ["false", 0, 1, None],
}


def values_of(name: str) -> st.SearchStrategy[Json]:
    if name not in AT_THE_EDGE:
        return VALUES
    edge = st.sampled_from(AT_THE_EDGE[name])
    return st.booleans().flatmap(lambda is_edge: edge if is_edge else VALUES)


@st.composite
def items_of(draw: st.DrawFn, endpoint: Endpoint) -> list[Json]:
    """Items of which some are changed in one place, and some have an id that was there before."""
    items: list[Json] = []
    for number in range(draw(st.integers(1, 5))):
        item: Item = {"type": "things", "id": f"{endpoint.first_id}{number}"}
        item |= {"attributes": dict(endpoint.good)}
        if draw(st.integers(0, 5)) == 0:
            item["id"] = f"{endpoint.first_id}0"
        items.append(draw(changed(item)))
    return items


@st.composite
def changed(draw: st.DrawFn, item: Item) -> Json:
    match draw(
        st.sampled_from(["good", "value", "missing", "new", "id", "part", "no part", "whole"])
    ):
        case "value":
            name = draw(st.sampled_from(sorted(item["attributes"])))
            item["attributes"][name] = draw(values_of(name))
        case "missing":
            del item["attributes"][draw(st.sampled_from(sorted(item["attributes"])))]
        case "new":
            item["attributes"]["newAtApple"] = draw(VALUES)
            item["newAtApple"] = draw(VALUES)
        case "part":
            item[draw(st.sampled_from(["attributes", "links", "relationships"]))] = draw(VALUES)
        case "id":
            item["id"] = draw(values_of("id"))
        case "no part":
            del item[draw(st.sampled_from(["id", "attributes", "type"]))]
        case "whole":
            return draw(VALUES)
    return item


def document(items: list[Json]) -> Answer:
    body = json.dumps({"data": items, "included": [1], "meta": "new", "links": {"self": 7}})
    return Answer(200, body.replace(f'"{HUGE}"', "9" * 5000).encode())


@pytest.fixture(scope="module")
def apple() -> Iterator[ScriptedServer]:
    with ScriptedServer(document([])) as server:
        yield server


@pytest.mark.variants
@pytest.mark.parametrize("name", ENDPOINTS)
@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_good_items_arrive_and_odd_ones_are_named(
    name: str, data: st.DataObject, apple: ScriptedServer
) -> None:
    """Whatever else a list has, all that is as described is read, in order, and the rest told.

    Segments are the exception: an instance is whole or not at all, so one that is odd refuses all.
    """
    endpoint = ENDPOINTS[name]
    items = data.draw(items_of(endpoint))
    apple.answer_with(document(items))
    told: list[MalformedResponseError] = []
    counts = [endpoint.odd(item) for item in items]
    good = [item for item, count in zip(items, counts, strict=True) if count >= 0]
    if name == "segments" and len(good) < len(items):
        with pytest.raises(MalformedResponseError):
            endpoint.ask(apple.client(), told.append)
        return

    found = endpoint.ask(apple.client(), told.append)

    texts = json.loads(json.dumps([item["id"] for item in good]))
    ids = list(dict.fromkeys(text.replace("\0", "�").replace("\ud800", "�") for text in texts))
    assert ids == [item.id for item in found]
    assert sum(map(abs, counts)) == len(told)
    assert all(len(str(error)) < 400 for error in told)


@pytest.mark.parametrize("links", ["", "/v1/apps?cursor=2", ["/v1/apps?cursor=2"], 7, True])
def test_links_of_another_type_are_no_end_of_the_list(links: Json) -> None:
    """Where the next page would be cannot be told, so the list is not taken for whole."""
    body = json.dumps({"data": [], "links": links}).encode()
    with (
        ScriptedServer(Answer(200, body)) as apple,
        pytest.raises(MalformedResponseError, match="links is not as"),
    ):
        apple.client().list_apps()
