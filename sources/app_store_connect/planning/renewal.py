"""`--create-requests` for a report request that Apple stopped: it is deleted and made anew.

Apple refuses a second request of a kind, a stopped one included. What the stopped one still lists
is gone with it, so it has to be loaded first.
"""

from collections.abc import Callable, Collection
from contextlib import suppress

from ..api.client import AppStoreConnectClient
from ..api.keys import ApiKeys
from ..entities import Granularity, ReportRequest
from ..errors import (
    FATAL,
    ApiError,
    AppStoreConnectError,
    ConflictError,
    Failure,
    NotFoundError,
)
from ..instances import ListedInstance
from .listing import Listing
from .options import Options
from .selection import ALL_REPORTS


def leaves_something(options: Options) -> bool:
    """Whether a run with these options loads less than the default.

    That is DAILY alone, so that an ordinary daily job can renew: WEEKLY and MONTHLY instances go
    with the request unless they are asked for too.
    """
    is_named = bool(options.reports) and ALL_REPORTS not in options.reports
    has_default = Granularity.DAILY in options.granularities
    return is_named or not has_default or bool(options.categories or options.since or options.until)


def renew_stopped(
    keys: ApiKeys,
    options: Options,
    listing: Listing,
    *,
    check_loaded: Callable[[Collection[ListedInstance]], None],
) -> None:
    """Renew the requests of the wanted kind, after a run that loaded all that was due.

    Apple has what is deleted no more. So right before each deletion the request is listed again,
    and `check_loaded` raises if the destination does not hold its instances. What is done, or not,
    goes into the notices and failures of `listing`.

    Raises:
        UnauthorizedError, BudgetExhaustedError, ApiDownError: the others would fail as well.
    """
    for request in [
        each for each in listing.stopped if each.access_type is options.create_requests
    ]:
        if why := _why_kept(request, options, listing):
            listing.notices.append(
                f"app {request.app_id}: the stopped report request {request.id} is kept, since"
                f" {why}"
            )
        else:
            _renew(keys.of(request.app_id).client, request, listing, check_loaded)


def _why_kept(request: ReportRequest, options: Options, listing: Listing) -> str | None:
    if request.id in listing.taken_on_trust:
        return "only --app-id says which app it is of; run --create-requests without --request-id"
    if leaves_something(options):
        return (
            "not all that it lists was asked for; run --create-requests without --report,"
            " --category, --since and --until, and with DAILY if with --granularity"
        )
    return None


def _renew(
    client: AppStoreConnectClient,
    request: ReportRequest,
    listing: Listing,
    check_loaded: Callable[[Collection[ListedInstance]], None],
) -> None:
    try:
        if not _is_still_stopped(client, request):
            listing.notices.append(
                f"app {request.app_id}: the report request {request.id} is kept, since Apple does"
                " not list it as stopped any more, or lists one that replaces it"
            )
            return
        check_loaded(
            [each for each in listing.instances if each.report.report_request_id == request.id]
        )
    except AppStoreConnectError as error:
        _fail(request, "is kept", error, listing)
        return
    try:
        with suppress(NotFoundError):  # gone before, or by a try whose answer was lost
            client.delete_report_request(request.id)
    except AppStoreConnectError as error:
        _fail(request, "is kept" if isinstance(error, ApiError) else "may be gone", error, listing)
        return
    listing.requests.remove(request)
    try:
        created = _create(client, request)
    except AppStoreConnectError as error:
        _fail(request, "is deleted", error, listing)
        return
    listing.notices.append(
        f"app {request.app_id}: report request {created.id} replaces {request.id}, which Apple had"
        " stopped"
    )


def _is_still_stopped(client: AppStoreConnectClient, request: ReportRequest) -> bool:
    """It was listed before everything was loaded, which may have been hours ago."""
    listed = client.list_report_requests(request.app_id)
    return all(each.is_stopped for each in listed if each.access_type is request.access_type)


def _create(client: AppStoreConnectClient, stopped: ReportRequest) -> ReportRequest:
    """The new one, also if it is there already: made by somebody else, or by a try whose answer
    was lost.
    """
    try:
        return client.create_report_request(stopped.app_id, stopped.access_type)
    except ConflictError:
        for each in client.list_report_requests(stopped.app_id):
            if each.access_type is stopped.access_type and not each.is_stopped:
                return each
        raise


def _fail(
    request: ReportRequest, state: str, error: AppStoreConnectError, listing: Listing
) -> None:
    what = (
        f"a new {request.access_type} report request for app {request.app_id}, whose stopped one"
        f" {request.id} {state}"
    )
    why = f"{error}; no run makes one without --create-requests"
    listing.failures.append(Failure(what, why, error))
    if isinstance(error, FATAL):
        raise error
