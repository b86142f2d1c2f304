"""What is due is decided by values alone: window, ledger, recheck, order."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app_store_connect.catalog import REPORTS, schema_of
from app_store_connect.entities import (
    AccessType,
    Granularity,
    Report,
    ReportInstance,
    ReportRequest,
)
from app_store_connect.errors import UnknownReportError
from app_store_connect.extract.segments import choose_segments
from app_store_connect.instances import (
    InstanceCheck,
    InstanceToLoad,
    ListedInstance,
    is_about_to_expire,
)
from app_store_connect.planning.options import Options
from app_store_connect.planning.selection import (
    ALL_REPORTS,
    Selection,
    check_report_names,
    missing_access_types,
    select_instances,
    select_pinpointed,
    wanted_reports,
    wanted_requests,
)

TODAY = date(2026, 11, 22)
NAMES = ["App Crashes", "App Sessions Standard", "App Sessions Detailed", "Photos Picker"]


def listed(
    id_: str, age: int, granularity: Granularity = Granularity.DAILY, app_id: str = "1"
) -> ListedInstance:
    processed = TODAY - timedelta(days=age)
    report = Report("r1", "q", "App Crashes", "APP_USAGE")
    instance = ReportInstance(id_, "r1", granularity, processed)
    return ListedInstance(app_id, AccessType.ONGOING, report, instance)


def ids(selection: Selection) -> list[str]:
    return [item.listed.instance.id for item in selection.due]


INSTANCES = st.builds(
    listed,
    st.text("abc", min_size=1, max_size=2),
    st.integers(0, 40),
    st.sampled_from(Granularity),
    st.sampled_from(["1", "2"]),
)
LEDGERS = st.dictionaries(
    st.text("abc", min_size=1, max_size=2), st.dictionaries(st.just("s"), st.just("m"))
)
OPTIONS = st.builds(
    Options,
    since=st.none() | st.dates(TODAY - timedelta(days=40), TODAY),
    until=st.none() | st.dates(TODAY - timedelta(days=40), TODAY),
    granularities=st.lists(st.sampled_from(Granularity), unique=True).map(tuple),
    recheck_days=st.integers(0, 40),
)


@given(found=st.lists(INSTANCES), ledger=LEDGERS, options=OPTIONS)
def test_every_instance_is_accounted_for(
    found: list[ListedInstance], ledger: dict[str, dict[str, str]], options: Options
) -> None:
    """Each listed instance is new, loaded or outside the window; due are new ones and rechecks."""
    selection = select_instances(found, ledger, options, today=TODAY)
    rechecked = [item for item in selection.due if item.is_recheck]

    assert selection.listed == len({each.instance.id for each in found})
    assert selection.new + selection.already_loaded + selection.outside_window == selection.listed
    assert len(set(ids(selection))) == len(selection.due) == selection.new + len(rechecked)
    assert len(rechecked) <= selection.already_loaded
    assert all(item.loaded == ledger.get(item.listed.instance.id, {}) for item in selection.due)


@given(found=st.lists(INSTANCES, unique_by=lambda each: each.instance.id), data=st.data())
def test_order_does_not_depend_on_apples(found: list[ListedInstance], data: st.DataObject) -> None:
    """Whatever the order in which Apple lists, the oldest processing dates come first."""
    shuffled = data.draw(st.permutations(found))
    options = Options(granularities=tuple(Granularity))
    selection = select_instances(shuffled, {}, options, today=TODAY)
    dates = [item.listed.instance.processing_date for item in selection.due]

    assert selection == select_instances(found, {}, options, today=TODAY)
    assert dates == sorted(dates)


@given(found=st.lists(INSTANCES, unique_by=lambda each: each.instance.id), options=OPTIONS)
def test_nothing_is_due_twice(found: list[ListedInstance], options: Options) -> None:
    """Once all that was due is in the ledger, a run without recheck has nothing to do."""
    first = select_instances(found, {}, options, today=TODAY)
    ledger = {item.listed.instance.id: {"s": "m"} for item in first.due}
    unchecked = Options(
        since=options.since,
        until=options.until,
        granularities=options.granularities,
        recheck_days=0,
    )

    assert select_instances(found, ledger, unchecked, today=TODAY).due == ()


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        pytest.param(Options(), ["c", "b", "a"], id="all, oldest first"),
        pytest.param(Options(since=TODAY - timedelta(days=1)), ["b", "a"], id="since"),
        pytest.param(Options(until=TODAY - timedelta(days=1)), ["c", "b"], id="until"),
        pytest.param(Options(since=TODAY, until=TODAY), ["a"], id="one day"),
        pytest.param(Options(granularities=(Granularity.WEEKLY,)), ["w"], id="weekly"),
    ],
)
def test_window(options: Options, expected: list[str]) -> None:
    """Bounds on the processing date are inclusive; only the granularities asked for count."""
    found = [listed("a", 0), listed("b", 1), listed("c", 2), listed("w", 1, Granularity.WEEKLY)]

    assert ids(select_instances(found, {}, options, today=TODAY)) == expected


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        pytest.param(0, ["new"], id="never"),
        pytest.param(1, ["new", "unseen", "changed", "today"], id="seen when a day old"),
        pytest.param(2, ["new", "unseen", "changed", "early", "today"], id="two days old"),
    ],
)
def test_recheck(days: int, expected: list[str]) -> None:
    """Loaded instances are due until a look found them whole when they were as old as asked; how
    old they are now does not count. New ones come first.
    """
    ages = {"unseen": 30, "changed": 20, "early": 9, "whole": 9, "today": 0}
    found = [listed("new", 0), *(listed(name, age) for name, age in ages.items())]
    ledger = {name: {"s": "m"} for name in ages}
    checks = {
        "changed": InstanceCheck("failed", TODAY - timedelta(days=10)),
        "early": InstanceCheck("loaded", TODAY - timedelta(days=8)),
        "whole": InstanceCheck("unchanged", TODAY - timedelta(days=7)),
        "today": InstanceCheck("loaded", TODAY),
    }
    selection = select_instances(
        found, ledger, Options(recheck_days=days), today=TODAY, checks=checks
    )

    assert ids(selection) == expected
    assert selection.already_loaded == 5


@pytest.mark.parametrize(("ago", "expected"), [(0, "last"), (3, "last"), (4, "first")])
def test_what_failed_lately_comes_last(ago: int, expected: str) -> None:
    """After new instances and rechecks; some days later it is tried in its place again."""
    found = [listed("failed", 9), listed("new", 1), listed("again", 2)]
    checks = {"failed": InstanceCheck("failed", TODAY - timedelta(days=ago))}
    selection = select_instances(
        found, {"again": {"s": "m"}}, Options(), today=TODAY, checks=checks
    )
    places = {"last": ["new", "again", "failed"], "first": ["failed", "new", "again"]}

    assert places[expected] == ids(selection)


def test_order_within_a_day() -> None:
    """What was processed on one day comes app by app, table by table, then by id."""
    weekly = Granularity.WEEKLY
    expected = [
        listed("z", 1, app_id="2"),
        listed("x", 0),
        listed("y", 0),
        listed("w", 0, weekly),
        listed("a", 0, app_id="2"),
    ]
    options = Options(granularities=(Granularity.DAILY, weekly))
    selection = select_instances(reversed(expected), {}, options, today=TODAY)

    assert [each.instance.id for each in expected] == ids(selection)


def test_repeated_instances_are_one() -> None:
    """An instance that two pages list is loaded once."""
    selection = select_instances([listed("a", 0)] * 2, {}, Options(), today=TODAY)

    assert selection.due == (InstanceToLoad(listed("a", 0)),)
    assert selection.listed == 1


def test_segments_to_load() -> None:
    """New and changed segments are loaded, unchanged ones kept, those not listed withdrawn."""
    now = {"same": "1", "changed": "2", "new": "3"}
    choice = choose_segments(now, {"same": "1", "changed": "4", "gone": "5"})

    assert choice.changed == ("changed", "new")
    assert choice.withdrawn == ("gone",)


CHECKSUMS = st.dictionaries(st.sampled_from("abcd"), st.sampled_from("12"))


@given(now=CHECKSUMS, loaded=CHECKSUMS)
def test_segments_add_up(now: dict[str, str], loaded: dict[str, str]) -> None:
    """Loading what changed and dropping what is withdrawn gives each listed file exactly once."""
    choice = choose_segments(now, loaded)
    after = {k: v for k, v in loaded.items() if k not in choice.withdrawn}
    after |= {id_: now[id_] for id_ in choice.changed}

    assert after.items() <= now.items()
    assert sorted(after.values()) == sorted(set(now.values()))


@pytest.mark.parametrize(
    ("now", "loaded", "expected"),
    [
        pytest.param({"b": "1", "a": "1"}, {}, (("a",), ()), id="new: the least id"),
        pytest.param({"b": "1", "a": "1"}, {"b": "1"}, ((), ()), id="one is loaded"),
        pytest.param({"a": "1", "b": "1"}, {"a": "1", "b": "2"}, ((), ("b",)), id="became a copy"),
        pytest.param({"a": "1", "b": "1"}, {"a": "2", "b": "3"}, (("a",), ("b",)), id="both new"),
        pytest.param({"b": "1"}, {"a": "1"}, (("b",), ("a",)), id="the loaded one is gone"),
    ],
)
def test_one_file_under_several_ids_counts_once(
    now: dict[str, str], loaded: dict[str, str], expected: tuple[tuple[str, ...], ...]
) -> None:
    """Of the segments of an instance that have one checksum a loaded one stays, or the least."""
    choice = choose_segments(now, loaded)

    assert expected == (choice.changed, choice.withdrawn)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        pytest.param(Options(), NAMES[:2], id="default"),
        pytest.param(Options(reports=(ALL_REPORTS,)), NAMES, id="all"),
        pytest.param(Options(reports=("app-sessions DETAILED",)), NAMES[2:3], id="loose name"),
        pytest.param(Options(reports=("photos picker", "*")), NAMES, id="a name and all"),
        pytest.param(Options(categories=("framework_usage",)), [], id="category of no default"),
        pytest.param(
            Options(reports=("*",), categories=("framework_usage",)), NAMES[3:], id="category"
        ),
    ],
)
def test_wanted_reports(options: Options, expected: list[str]) -> None:
    """Reports are chosen by name, without regard to case and punctuation, and by category."""
    found = [
        Report(name, "q", name, "FRAMEWORK_USAGE" if name == "Photos Picker" else "APP_USAGE")
        for name in NAMES
    ]

    assert [report.name for report in wanted_reports(found, options)] == expected


def test_report_without_a_category() -> None:
    """A report that Apple puts in no category is found by name, and by the catalogue's category."""
    reports = [Report("1", "q", name, None) for name in ("App Crashes", "Mystery")]

    for report in reports:
        assert [report] == wanted_reports(reports, Options(reports=(report.name,)))
    assert reports[:1] == wanted_reports(reports, Options(categories=("APP_USAGE",)))


@pytest.mark.parametrize("asked", ["App Clip Usage", "App Clip Usage Standard"])
@pytest.mark.parametrize("offered", ["App Clip Usage", "App Clip Usage Standard"])
def test_an_alias_finds_its_report(asked: str, offered: str) -> None:
    """A report that goes by two names is found by either, whichever Apple lists."""
    report = Report("1", "q", offered, "APP_USAGE")

    check_report_names([asked], [offered])
    assert wanted_reports([report], Options(reports=(asked,))) == [report]


@pytest.mark.parametrize(
    ("name", "near"),
    [
        pytest.param("App Sesions Standard", "App Sessions Standard", id="typing error"),
        pytest.param("App Store Downloads Standard", "App Downloads Standard", id="Apple's title"),
        pytest.param("Photo Picker", "Photos Picker", id="only offered"),
        pytest.param("Sessions", "App Sessions Standard", id="half of it"),
    ],
)
def test_unknown_names_are_refused_with_near_ones(name: str, near: str) -> None:
    """A report that nobody knows is an error that lists names like it."""
    with pytest.raises(UnknownReportError) as caught:
        check_report_names(["App Crashes", name], ["Photos Picker"])

    assert near in caught.value.near
    assert near in str(caught.value)


def test_hint_is_short() -> None:
    """Of many names alike the nearest four are listed, the nearest first."""
    offered = [f"Wallet Passes {number}" for number in range(9)]
    with pytest.raises(UnknownReportError) as caught:
        check_report_names(["Wallet Passes 22"], offered)

    assert (4, "Wallet Passes 2") == (len(caught.value.near), caught.value.near[0])


def test_unlike_names_get_no_hint() -> None:
    """A name like no other is refused without a guess."""
    with pytest.raises(UnknownReportError, match="no report is called 'zzz'") as caught:
        check_report_names(["zzz"], [])

    assert caught.value.near == ()


def test_known_names_pass() -> None:
    """What the catalogue has or Apple offers is known, in any spelling; `*` is always."""
    known = [schema.name.upper().replace(" ", "_") for schema in REPORTS]

    check_report_names([ALL_REPORTS, "photos-picker", *known], ["Photos Picker"])


def test_wanted_requests() -> None:
    """Requests are chosen by access type; stopped ones too, for Apple lists what they have."""
    stopped = ReportRequest("1", "15", AccessType.ONGOING, True)
    snapshot = ReportRequest("2", "15", AccessType.ONE_TIME_SNAPSHOT, False)
    only = Options(access_types=(AccessType.ONGOING,))

    assert wanted_requests([stopped, snapshot], Options()) == [stopped, snapshot]
    assert wanted_requests([stopped, snapshot], only) == [stopped]
    assert missing_access_types([stopped], AccessType) == [AccessType.ONE_TIME_SNAPSHOT]


@pytest.mark.parametrize(("age", "expected"), [(33, False), (34, True), (35, True), (40, True)])
def test_expiry(age: int, expected: bool) -> None:
    """An instance may be deleted any moment from its 34th day on."""
    assert is_about_to_expire(listed("a", age).instance, today=TODAY) == expected


def test_listed_instance_says_what_it_is() -> None:
    """An instance is named by report, granularity, app and processing date, and has a table."""
    item = listed("a", 1)

    assert str(item) == "App Crashes DAILY of app 1, processed 2026-11-21"
    assert item.table_name == "app_crashes_daily"


def test_defaults() -> None:
    """What the contract says of a run without options, and what an instance's file has."""
    assert Options() == Options((), (), (), (), (Granularity.DAILY,), tuple(AccessType))
    assert (2, None, (), ()) == (
        Options().recheck_days,
        Options().create_requests,
        Options().instance_ids,
        Options().request_ids,
    )
    assert listed("a", 1).schema == schema_of("App Crashes", "APP_USAGE")


def test_pinpointed_instances_are_all_due() -> None:
    """Exactly those that were asked for, whatever is loaded of others."""
    asked = [listed("a", 1), listed("new", 9)]
    selection = select_pinpointed(asked, {"a": {"s": "m"}, "b": {"t": "m"}})
    due = (InstanceToLoad(asked[0], {"s": "m"}), InstanceToLoad(asked[1]))

    assert Selection(due, 2, already_loaded=1, outside_window=0) == selection
