"""The meaning of Apple's answers for a run. Pure."""

from collections.abc import Collection, Iterable, Sequence
from datetime import timedelta

from app_store_connect.api.auth import CLOCK_SKEW
from app_store_connect.api.budget import PACED_SHARE, Window
from app_store_connect.catalog import REPORTS, schema_of_report
from app_store_connect.entities import AccessType, App, Report, ReportRequest
from app_store_connect.errors import UnknownAppError
from asc_pipeline.doctor.check import Check, Level
from asc_pipeline.text import counted

MAX_NAMES = 6
_ORDER = "run once with --create-requests and a key of the role Admin"


def judge_clock(ahead: timedelta) -> Check:
    """`ahead` is how far this machine's clock is before Apple's."""
    seconds = abs(round(ahead.total_seconds()))
    side = "ahead of" if ahead > timedelta(0) else "behind"
    state = f"this machine's clock is {seconds} s {side} Apple's"
    if abs(ahead) < CLOCK_SKEW:
        return Check("clock", Level.OK, state)
    advice = "set it, for example with `timedatectl set-ntp true`: Apple refuses tokens of another"
    return Check("clock", Level.ERROR, state, f"{advice} time")


def judge_budget(windows: Iterable[Window]) -> Check:
    hour = max(windows, key=lambda each: each.seconds, default=None)
    if hour is None:
        return Check("budget", Level.OK, "Apple does not say how many requests are left")
    state = f"{max(hour.remaining, 0):,} of {hour.limit:,} requests left this hour"
    if hour.remaining <= 0:
        return Check("budget", Level.WARNING, state, "a run waits up to --max-wait for more")
    if hour.remaining < hour.limit * PACED_SHARE:
        return Check("budget", Level.WARNING, state, "a run slows down until there are more")
    return Check("budget", Level.OK, state)


def judge_end_of_budget(done: int, total: int) -> Check:
    state = f"used up after {done:,} of {total:,} apps, so the others were not looked at"
    return Check("budget", Level.WARNING, state, "run this again in an hour, or with --app-id")


def judge_apps(count: int, asked: int) -> Check:
    """`asked` is 0 for all apps; of others `judge_missing_apps` tells if no key sees them."""
    if asked:
        state = f"the key sees {count:,} of the {counted(asked, 'app')} that it is asked for"
        return Check("apps", Level.OK, state)
    level = Level.OK if count else Level.ERROR
    return Check("apps", level, f"the key sees {counted(count, 'app')}")


def judge_missing_apps(app_ids: Sequence[str], *, is_run_refused: bool) -> Check:
    """Of apps that are asked for and that no key sees. A run that names them is refused; where the
    configuration does, other apps are loaded.
    """
    level = Level.ERROR if is_run_refused else Level.WARNING
    return Check("apps", level, str(UnknownAppError(app_ids)))


def title_of(app: App) -> str:
    return f"app {app.id} ({app.name})" if app.name else f"app {app.id}"


def judge_requests(app: App, requests: Collection[ReportRequest]) -> Check:
    """Whether Apple prepares new reports for the app."""
    ongoing = [each for each in requests if each.access_type is AccessType.ONGOING]
    snapshots = len(requests) - len(ongoing)
    beside = " and a snapshot" if snapshots else ""
    if any(not each.is_stopped for each in ongoing):
        return Check(title_of(app), Level.OK, f"an ONGOING report request{beside}")
    if ongoing:
        state = f"Apple stopped its ONGOING report request {ongoing[0].id} for inactivity"
    elif snapshots:
        state = "frozen: a snapshot and no ONGOING report request, so nothing new comes"
    else:
        state = "no report request, so Apple prepares no reports"
    return Check(title_of(app), Level.WARNING, state, _ORDER)


def judge_reports(app: App, reports: Iterable[Report]) -> Check:
    """Which of the default reports Apple offers for the app."""
    offered = {schema_of_report(each).name for each in reports}
    default = [each.name for each in REPORTS if each.is_default]
    missing = [name for name in default if name not in offered]
    if not offered:
        advice = "Apple needs one to two days after the report request was made"
        return Check(title_of(app), Level.WARNING, "no reports yet", advice)
    state = f"{len(default) - len(missing)} of {len(default)} default reports are offered"
    if len(missing) == len(default):
        advice = "`--report '*' --plan` lists the others"
        return Check(title_of(app), Level.WARNING, state, advice)
    return Check(title_of(app), Level.OK, f"{state}{_without(missing)}")


def _without(names: list[str]) -> str:
    if not names:
        return ""
    more = f" and {len(names) - MAX_NAMES} more" if len(names) > MAX_NAMES else ""
    return f"; not {', '.join(names[:MAX_NAMES])}{more}"


def judge_ordering(checks: Iterable[Check], *, has_requests: bool) -> Check:
    """Apple tells no key its role, and trying it would order something."""
    untried = "whether this key may order reports is not known, since trying it would order them"
    if not has_requests:
        return Check("orders", Level.ERROR, f"no app has a report request; {untried}", _ORDER)
    if any(each.advice == _ORDER for each in checks):
        return Check("orders", Level.WARNING, untried, "if it may not, take one of the role Admin")
    return Check("orders", Level.OK, f"nothing has to be ordered; {untried}")
