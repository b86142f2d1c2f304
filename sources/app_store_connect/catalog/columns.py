"""The columns of Apple's reports: type, additivity, meaning. A literal, edited to add a column."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from ..names import snake_case


class ColumnType(StrEnum):
    """The type of a table column. TEXT keeps the value as Apple wrote it; no report has BOOLEAN or
    TIMESTAMP.
    """

    DATE = "date"
    BIGINT = "bigint"
    DECIMAL = "decimal"
    DOUBLE = "double"
    TEXT = "text"
    BOOLEAN = "boolean"
    TIMESTAMP = "timestamp"


class Additivity(StrEnum):
    """How the values of a measure may be added up.

    SUM: over any rows. SUM_WITHIN_DATE: over the rows of one date; the next date counts the same
    things again. UNIQUE: not at all, a device or user of two rows counts in both. RATE: not at all.
    """

    SUM = "sum"
    SUM_WITHIN_DATE = "sum within a date"
    UNIQUE = "unique"
    RATE = "rate"


@dataclass(frozen=True, slots=True)
class Column:
    """A column under Apple's name. Only a measure has an additivity."""

    name: str
    type: ColumnType
    meaning: str
    additivity: Additivity | None = None


def _date(name: str, meaning: str) -> Column:
    return Column(name, ColumnType.DATE, meaning)


def _text(name: str, meaning: str) -> Column:
    return Column(name, ColumnType.TEXT, meaning)


def _number(name: str, meaning: str) -> Column:
    """A whole number that identifies something."""
    return Column(name, ColumnType.BIGINT, meaning)


def _sum(name: str, meaning: str, kind: ColumnType = ColumnType.BIGINT) -> Column:
    return Column(name, kind, meaning, Additivity.SUM)


def _unique(name: str, meaning: str) -> Column:
    return Column(name, ColumnType.BIGINT, meaning, Additivity.UNIQUE)


def _rate(name: str, meaning: str) -> Column:
    return Column(name, ColumnType.DOUBLE, meaning, Additivity.RATE)


_COLUMNS = (
    _date(
        "Date",
        "the day that the row is about; in weekly tables its Monday, in monthly ones the 1st",
    ),
    _text("App Name", "the app's name, as Apple has it on the processing date"),
    _number(
        "App Apple Identifier",
        "the app's id; framework and performance reports lack it, hence `_app_id`",
    ),
    _text(
        "Download Type",
        "kind of download, such as First-time download, Redownload, Auto-update, Manual update,"
        " Restore. `counts` is of them all, so choose",
    ),
    _text("App Version", "the app's version"),
    _text("Device", "kind of device, such as `iPhone`"),
    _text("Platform Version", "the device's system, such as `iOS 18.6`"),
    _text("Source Type", "where the user came from, such as App Store search"),
    _text("Page Type", "kind of App Store page, such as product page"),
    _text("Pre-Order", "whether it goes back to a pre-order"),
    _text("Territory", "country or region, two letters"),
    _sum("Counts", "how often the thing that the row describes happened"),
    _text("Source Info", "which app or website referred the user"),
    _text("Campaign", "the campaign named in the link that the user followed"),
    _text("Page Title", "which of the app's pages"),
    _date("App Download Date", "the day on which the app had been downloaded"),
    _sum("Sessions", "how often the app was used for two seconds or longer"),
    _sum("Total Session Duration", "length of these sessions together"),
    _unique("Unique Devices", "on how many devices it happened"),
    _text("Event", "what happened, such as install, delete, impression or tap"),
    _text("Engagement Type", "the kind of tap or view"),
    _unique("Unique Counts", "on how many devices or by how many users it happened"),
    _text("Purchase Type", "app, in-app purchase, subscription and so on"),
    _text("Content Name", "what was bought"),
    _number("Content Apple Identifier", "Apple's id of what was bought"),
    _text("Payment Method", "how it was paid for"),
    _sum("Purchases", "number of purchases"),
    _sum("Proceeds in USD", "the developer's part, in US dollars", ColumnType.DECIMAL),
    _sum("Sales in USD", "what customers paid, in US dollars", ColumnType.DECIMAL),
    _unique("Paying Users", "how many users paid"),
    _date("Pre-Order Start Date", "first day on which the app could be pre-ordered"),
    _date("Pre-Order End Date", "last such day"),
    _sum("Pre-Orders Placed", "pre-orders made"),
    _sum("Pre-Orders Canceled", "pre-orders taken back"),
    _text("Browser", "the web browser"),
    _text("Browser Version", "its version"),
    _text("App Clip Event Type", "what happened to the App Clip"),
    _text(
        "State Metric",
        "state of the subscriptions that are counted, such as Full price or Free trial",
    ),
    _text("Subscription Name", "the subscription"),
    _number("Subscription Identifier", "Apple's id of it"),
    _text("Subscription Duration", "its term"),
    _text("Billing Frequency", "how often it is billed"),
    _text("Billing Period", "which billing period it is in"),
    _text("Subscription Group", "the group that the subscription belongs to"),
    _number("Subscription Group Identifier", "Apple's id of the group"),
    _text("Offer Type", "kind of offer used"),
    _text("Offer Name", "name of the offer"),
    _text("Offer ID", "the developer's id of the offer"),
    _text("Vanity Code", "the custom offer code"),
    _text("Offer Pricing", "how the offer is priced"),
    _text("Offer Duration", "how long the offer lasts"),
    _text("Family Sharing", "whether it comes through Family Sharing"),
    _text("Cancellation Reason", "why it ended"),
    _text("App Download Source Type", "`source_type` of the app's download"),
    _text("Original Purchase Device", "the device on which it was bought"),
    _text("App Download Source Info", "`source_info` of the app's download"),
    _date("Event Date", "the day that the row is about, in Subscription Event"),
    _text("Event Group", "group of the subscription event"),
    _text("Event Name", "the subscription event, such as a renewal"),
    _text("Plan Change Type", "how the plan changed"),
    _text("Previous Subscription Name", "the subscription before the change"),
    _number("Previous Subscription Identifier", "Apple's id of it"),
    _text("Churn Tenure", "how long it had lasted when it ended"),
    _text("Paid Service Days Recovered", "paid days regained after a billing problem"),
    _sum("Crashes", "number of crashes"),
    _unique("Downloading Users", "users who downloaded"),
    _unique("Users Opting-In", "of these users, the ones who share data with developers"),
    _text("Current Group Subscription", "subscription group that the user is in"),
    _text("Current Subscription Group Identifier", "Apple's id of it"),
    _text("Current Subscription", "the subscription that the user has"),
    _number("Current Subscription Identifier", "Apple's id of it"),
    _text("Page", "where the message was shown"),
    _text("Retention Message Type", "kind of message"),
    _text("Message Selection Type", "how the message was chosen"),
    _text("Save Type", "how the subscription was kept"),
    _date("Install Day", "the day that the row is about, in Platform App Installs"),
    _text("Install Type", "kind of installation"),
    _text("Channel", "the way by which the app was installed"),
    _sum("Installs", "number of installations"),
    _text("Platform", "the platform, such as iOS"),
    _text("Build", "the build of the system"),
    _text("Release Type", "kind of system release"),
    _sum("Count", "how often the thing that the row describes happened"),
    _text("Architecture", "the processor's"),
    _text("Binary Code Directory Hash", "code directory hash of the binary"),
    _text("Binary Path", "path of the binary"),
    _text("Binary Team ID", "team that signed the binary"),
    _text("Binary UUID", "UUID of the binary"),
    _text("Dynamic Library Code Directory Hash", "code directory hash of the dynamic library"),
    _text("Dynamic Library Path", "path of the dynamic library"),
    _text("Dynamic Library Team ID", "team that signed it"),
    _text("Dynamic Library UUID", "its UUID"),
    _text("Symbol Name", "the symbol"),
    _text("Symbol Offset", "its offset"),
    _sum("Symbol Count", "Apple's count for the symbol"),
    _text("Dynamic Library Version", "its version"),
    _text("Binary Version", "version of the binary"),
    _text("Caller Path", "path of the caller"),
    _text("Caller Symbol Name", "symbol of the caller"),
    _text("Download Info", "more about the download, as Apple words it"),
    _text("Install Status", "whether the installation succeeded"),
    _text("Install Package Type", "kind of package that was installed"),
    _rate("Avg Install Duration", "average duration of the row's installations, in milliseconds"),
    _rate(
        "Selection Rate", "per cent of the devices that chose a default browser and chose this app"
    ),
    _rate(
        "New Install Rate",
        "per cent of the devices that chose this app and did not have it installed",
    ),
    _rate(
        "Existing Install Rate", "per cent of the devices that chose this app and had it installed"
    ),
    _rate(
        "Product Page Conversion Rate",
        "per cent of the devices that viewed the app's product page and chose the app",
    ),
    _rate(
        "Informed Selection Rate",
        "per cent of the devices that chose this app and had viewed its product page",
    ),
    _rate(
        "Direct Selection Rate",
        "per cent of the devices that chose this app and had not viewed its product page",
    ),
)

COLUMNS: Mapping[str, Column] = {column.name: column for column in _COLUMNS}
"""By Apple's name."""

BY_TABLE_COLUMN: Mapping[str, Column] = {snake_case(column.name): column for column in _COLUMNS}

DATING = ("date", "event_date", "install_day")
"""Table columns that date the rows of some report."""

_COUNT = re.compile(r"(\w+_)?counts?|unique_(devices|users)")
_DATE = re.compile(r"(?!_[a-z])(\w+_)?date|install_day")  # a leading underscore is the loader's

_RATE = re.compile(
    r"(\w+_)?(rates?|ratios?|percent|percentages?|percentiles?|pct|avg|averages?|means?|medians?"
    r"|p[0-9]{1,2})(_\w+)?"
)


def is_rate(column: str) -> bool:
    """Whether a table column holds rates or averages, by a word of its name: `avg_duration`."""
    return bool(_RATE.fullmatch(column))


def guessed_type(column: str) -> ColumnType:
    """The type of a table column of a report without an entry, by the column's name."""
    if known := BY_TABLE_COLUMN.get(column):
        return known.type
    if _DATE.fullmatch(column):
        return ColumnType.DATE
    return ColumnType.BIGINT if _COUNT.fullmatch(column) else ColumnType.TEXT
