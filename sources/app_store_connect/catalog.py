"""What is known of Apple's reports before a file is seen: a literal, and names derived from it.

Columns, completeness lags and the list of restated reports come from Apple's Analytics Reports
documentation; where a header was seen in a live file and differs (Subscription Event, September
2026), the live header stands here. Columns are matched by name, so their order only decides that of
the tables.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from app_store_connect.names import normalized, snake_case


class ColumnType(StrEnum):
    """What a column holds. What is not one of the first three stays text as Apple wrote it."""

    DATE = "date"
    BIGINT = "bigint"
    DECIMAL = "decimal"
    TEXT = "text"


class RestatementPolicy(StrEnum):
    """What a newer instance means for a date that an older one carries too.

    REPLACE: it holds all rows of the date, so the older rows are void (Apple's article on data
    completeness). ACCUMULATE: Apple does not say, so all rows are shown.
    """

    REPLACE = "replace"
    ACCUMULATE = "accumulate"


@dataclass(frozen=True, slots=True)
class ReportSchema:
    """A report's columns (Apple's names), the column that dates its rows, its restatement."""

    name: str
    category: str | None
    columns: tuple[str, ...]
    lag_days: int
    date_column: str = "Date"
    policy: RestatementPolicy = RestatementPolicy.REPLACE
    is_default: bool = False

    @property
    def is_catalogued(self) -> bool:
        return bool(self.columns)

    def table_columns(self) -> dict[str, ColumnType]:
        """The columns of the report's table, in order, as far as they are known beforehand."""
        return {snake_case(name): COLUMN_TYPES.get(name, ColumnType.TEXT) for name in self.columns}

    def added_column_type(self, column: str) -> ColumnType:
        """The type of a table column that is in a file but not in `table_columns`.

        In a catalogued report Apple added it since: it is text, and so is never misread, unless it
        may date rows. In a report without an entry the name decides.
        """
        if self.is_catalogued and column not in _DATING:
            return ColumnType.TEXT
        return _guessed_type(column)

    def date_columns_in(self, columns: Iterable[str]) -> list[str]:
        """Which of these table columns date a row: the first of them that is not NULL does.

        Their order depends on nothing else, and a column that a file lacks is NULL in its rows, so
        what the file's columns say of a row the table's say as well.
        """
        found = set(columns)
        wanted = [snake_case(self.date_column), *_DATING]
        if not self.is_catalogued:
            wanted += sorted(name for name in found if _guessed_type(name) is ColumnType.DATE)
        return [name for name in dict.fromkeys(wanted) if name in found]


def _types(column_type: ColumnType, names: str) -> dict[str, ColumnType]:
    return dict.fromkeys(names.split(", "), column_type)


COLUMN_TYPES: Mapping[str, ColumnType] = {
    **_types(
        ColumnType.DATE,
        "Date, Event Date, Install Day, App Download Date, Pre-Order Start Date,"
        " Pre-Order End Date",
    ),
    **_types(ColumnType.DECIMAL, "Proceeds in USD, Sales in USD"),
    **_types(
        ColumnType.BIGINT,
        "App Apple Identifier, Content Apple Identifier, Subscription Identifier,"
        " Subscription Group Identifier, Previous Subscription Identifier,"
        " Current Subscription Identifier, Count, Counts, Unique Counts, Unique Devices, Sessions,"
        " Total Session Duration, Crashes, Purchases, Paying Users, Pre-Orders Placed,"
        " Pre-Orders Canceled, Installs, Downloading Users, Users Opting-In, Symbol Count",
    ),
}

_APP = "Date, App Name, App Apple Identifier, "
_FRAMEWORK = (
    "Date, App Name, App Version, Platform, Device, Build, Release Type, Territory, Count,"
    " Unique Devices"
)
_SUBSCRIPTION = (
    "Subscription Name, Subscription Identifier, Subscription Duration, Billing Frequency,"
    " Billing Period, Subscription Group, Subscription Group Identifier, Offer Type, Offer Name,"
    " Offer ID, Vanity Code, Offer Pricing, Offer Duration, "
)


def _report(name: str, category: str, lag_days: int, columns: str) -> ReportSchema:
    return ReportSchema(name, category, tuple(columns.split(", ")), lag_days)


def _pair(title: str, category: str, lag_days: int, columns: str) -> tuple[ReportSchema, ...]:
    """A Standard report and its Detailed sibling: `[...]` marks the columns of the latter alone."""
    standard = re.sub(r"\[.*?\]", "", columns)
    detailed = columns.replace("[", "").replace("]", "")
    return (
        replace(_report(f"{title} Standard", category, lag_days, standard), is_default=True),
        _report(f"{title} Detailed", category, lag_days, detailed),
    )


_DOWNLOADS = _pair(
    "App Downloads",
    "COMMERCE",
    2,
    _APP + "Download Type, App Version, Device, Platform Version, Source Type, [Source Info,"
    " Campaign, ]Page Type, [Page Title, ]Pre-Order, Territory, Counts",
)
_SESSIONS = _pair(
    "App Sessions",
    "APP_USAGE",
    5,
    _APP + "App Version, Device, Platform Version, Source Type, [Source Info, Campaign, ]Page Type,"
    " [Page Title, ]App Download Date, Territory, Sessions, Total Session Duration, Unique Devices",
)
_INSTALLATIONS = _pair(
    "App Store Installation and Deletion",
    "APP_USAGE",
    5,
    _APP + "Event, Download Type, App Version, Device, Platform Version, Source Type, [Source Info,"
    " Campaign, ]Page Type, [Page Title, ]App Download Date, Territory, Counts, Unique Devices",
)
_DISCOVERY = _pair(
    "App Store Discovery and Engagement",
    "APP_STORE_ENGAGEMENT",
    3,
    _APP + "Event, Page Type, [Page Title, ]Source Type, [Source Info, Campaign, ]Engagement Type,"
    " Device, Platform Version, Territory, Counts, Unique Counts",
)
_PURCHASES = _pair(
    "App Store Purchases",
    "COMMERCE",
    2,
    _APP + "Purchase Type, Content Name, Content Apple Identifier, Payment Method, Device,"
    " Platform Version, Source Type, [Source Info, Campaign, ]Page Type, [Page Title, ]"
    "App Download Date, Pre-Order, Territory, Purchases, Proceeds in USD, Sales in USD,"
    " Paying Users",
)
_PRE_ORDERS = _pair(
    "App Store Pre-Orders",
    "COMMERCE",
    2,
    _APP
    + "Device, Platform Version, Source Type, [Source Info, Campaign, ]Page Type, [Page Title, ]"
    "Territory, Pre-Order Start Date, Pre-Order End Date, Pre-Orders Placed, Pre-Orders Canceled",
)
_WEB_PREVIEW = _pair(
    "App Store Web Preview Engagement",
    "APP_STORE_ENGAGEMENT",
    3,
    _APP + "Event, Page Type, [Page Title, ]Source Type, [Source Info, ]Engagement Type, Browser,"
    " Browser Version, Device, Platform Version, Territory, Counts",
)
_APP_CLIPS = _pair(
    "App Clip Usage",
    "APP_USAGE",
    5,
    _APP + "App Clip Event Type, Source Type, [Source Info, Campaign, ]App Version, Device,"
    " Platform Version, Territory, Counts, Total Session Duration, Unique Devices",
)
_SUBSCRIPTION_STATE = _pair(
    "App Store Subscription State",
    "COMMERCE",
    3,
    _APP + "State Metric, State Metric Grouping, " + _SUBSCRIPTION + "Family Sharing,"
    " Cancellation Reason, App Download Source Type, [App Download Source Info, Campaign, ]"
    "Page Type, [Page Title, ]Pre-Order, Original Purchase Device, Territory, Counts",
)
_SUBSCRIPTION_EVENT = tuple(
    replace(schema, date_column="Event Date")
    for schema in _pair(
        "App Store Subscription Event",
        "COMMERCE",
        3,
        "Event " + _APP + "Event Group, Event Name, " + _SUBSCRIPTION + "Plan Change Type,"
        " Previous Subscription Name, Previous Subscription Identifier, Family Sharing,"
        " Cancellation Reason, Churn Tenure, Paid Service Days Recovered, App Download Source Type,"
        " [App Download Source Info, Campaign, ]Page Type, [Page Title, ]Pre-Order,"
        " Original Purchase Device, Territory, Counts",
    )
)
_SINGLE = (
    replace(
        _report(
            "App Crashes",
            "APP_USAGE",
            5,
            _APP + "App Version, Device, Platform Version, Crashes, Unique Devices",
        ),
        is_default=True,
    ),
    replace(
        _report("App Opt In", "APP_USAGE", 3, _APP + "Downloading Users, Users Opting-In"),
        is_default=True,
    ),
    _report(
        "Retention Messaging",
        "APP_STORE_ENGAGEMENT",
        3,
        _APP + "Current Group Subscription, Current Subscription Group Identifier,"
        " Current Subscription, Current Subscription Identifier, Event, Page,"
        " Retention Message Type, Message Selection Type, Save Type, Device, Platform Version,"
        " Territory, Counts",
    ),
    replace(
        _report(
            "Platform App Installs",
            "APP_USAGE",
            0,
            "Install Day, App Name, App Apple Identifier, Install Type, Channel, Device,"
            " Platform Version, Territory, Installs",
        ),
        date_column="Install Day",
    ),
    replace(
        _report("App Crashes Expanded", "PERFORMANCE", 8, _FRAMEWORK),
        policy=RestatementPolicy.ACCUMULATE,
    ),
    replace(
        _report(
            "App Runtime Usage",
            "FRAMEWORK_USAGE",
            8,
            _FRAMEWORK + ", Architecture, Binary Code Directory Hash, Binary Path, Binary Team ID,"
            " Binary UUID, Dynamic Library Code Directory Hash, Dynamic Library Path,"
            " Dynamic Library Team ID, Dynamic Library UUID, Symbol Name, Symbol Offset,"
            " Symbol Count, Dynamic Library Version, Binary Version, Caller Path,"
            " Caller Symbol Name",
        ),
        policy=RestatementPolicy.ACCUMULATE,
    ),
)

REPORTS: tuple[ReportSchema, ...] = (
    *_DOWNLOADS,
    *_SESSIONS,
    *_INSTALLATIONS,
    *_DISCOVERY,
    *_PURCHASES,
    *_PRE_ORDERS,
    *_WEB_PREVIEW,
    *_APP_CLIPS,
    *_SUBSCRIPTION_STATE,
    *_SUBSCRIPTION_EVENT,
    *_SINGLE,
)

_ALIASES = {
    "App Clip Usage": "App Clip Usage Standard"
}  # both names were seen; live one unverified
_BY_NAME = {normalized(schema.name): schema for schema in REPORTS}
_BY_NAME |= {normalized(alias): _BY_NAME[normalized(name)] for alias, name in _ALIASES.items()}

# Outside the catalogue, but in Apple's list of reports whose newer instances replace older ones.
_REPLACED = {
    normalized(name)
    for name in (
        "AirPlay Errors",
        "AirPlay Performance",
        "App Install Performance",
        "Browser Choice Screen Engagement (iOS versions before 18.2)",
        "Streaming Downloads Performance",
        "Streaming Playback Performance",
    )
}
_UNDOCUMENTED_CATEGORIES = {"FRAMEWORK_USAGE", "PERFORMANCE"}
CATEGORIES = (
    frozenset(each.category for each in REPORTS if each.category) | _UNDOCUMENTED_CATEGORIES
)
_UNKNOWN_LAG_DAYS = 8  # the longest that Apple names for any report


def schema_of(name: str, category: str | None) -> ReportSchema:
    """The schema of the report that Apple calls `name`; without an entry, one by pattern."""
    if known := _BY_NAME.get(normalized(name)):
        return replace(known, name=name)
    is_accumulating = category in _UNDOCUMENTED_CATEGORIES and normalized(name) not in _REPLACED
    policy = RestatementPolicy.ACCUMULATE if is_accumulating else RestatementPolicy.REPLACE
    return ReportSchema(name, category, (), _UNKNOWN_LAG_DAYS, policy=policy)


def comparable_name(name: str) -> str:
    """Equal for two names if they are of one report: case, punctuation and aliases do not count."""
    known = _BY_NAME.get(normalized(name))
    return normalized(known.name if known else name)


def identify(header: Iterable[str]) -> ReportSchema | None:
    """The catalogued report whose table columns a file has; of several the one with the most.

    Columns that Apple added since do not matter, except in framework and performance reports: all
    of those share some columns, so only the exact ones tell which it is.
    """
    columns = set(header)
    fitting = [schema for schema in REPORTS if columns >= schema.table_columns().keys()]
    best = max(fitting, key=lambda schema: len(schema.columns), default=None)
    if best and best.policy is RestatementPolicy.ACCUMULATE and len(columns) > len(best.columns):
        return None
    return best


_DATING = ("date", "event_date", "install_day")
_COUNT = re.compile(r"(\w+_)?counts?|unique_(devices|users)")
_DATE = re.compile(r"(?!_[a-z])(\w+_)?date|install_day")  # what begins so is the loader's own
_KNOWN_TYPES = {snake_case(name): column_type for name, column_type in COLUMN_TYPES.items()}


def _guessed_type(column: str) -> ColumnType:
    if known := _KNOWN_TYPES.get(column):
        return known
    if _DATE.fullmatch(column):
        return ColumnType.DATE
    return ColumnType.BIGINT if _COUNT.fullmatch(column) else ColumnType.TEXT
