"""`--create-requests` for a report request that Apple stopped: it is deleted and made anew.

Apple refuses a second request of a kind, a stopped one included. What the stopped one still lists
is gone with it, so it has to be loaded first.
"""

from app_store_connect.client import AppStoreConnectClient
from app_store_connect.discovery import Failure, Listing
from app_store_connect.errors import ApiError
from app_store_connect.model import Granularity
from app_store_connect.selection import ALL_REPORTS, Options


def leaves_something(options: Options) -> bool:
    """Whether a run with these options loads less than what is loaded by default.

    That is DAILY alone, so that an ordinary daily job can renew: WEEKLY and MONTHLY instances go
    with the request unless they are asked for too.
    """
    is_named = bool(options.reports) and ALL_REPORTS not in options.reports
    has_default = Granularity.DAILY in options.granularities
    return is_named or not has_default or bool(options.categories or options.since or options.until)


def renew_stopped(client: AppStoreConnectClient, options: Options, listing: Listing) -> None:
    """Renew those of the kind asked for, after a run that loaded all it was to load.

    What is done, or not, goes into the notices and failures of `listing`.
    """
    for request in [
        each for each in listing.stopped if each.access_type is options.create_requests
    ]:
        if leaves_something(options):
            listing.notices.append(
                f"app {request.app_id}: the stopped report request {request.id} is kept, since not"
                " all that it lists was asked for; run --create-requests without --report,"
                " --category, --since and --until, and with DAILY if with --granularity"
            )
            continue
        what = f"a new {request.access_type} report request for app {request.app_id}"
        try:
            client.delete_report_request(request.id)
            what += f", whose stopped one {request.id} is deleted"
            listing.requests.remove(request)
            created = client.create_report_request(request.app_id, request.access_type)
        except ApiError as error:
            listing.failures.append(Failure(what, str(error), error))
            continue
        listing.notices.append(
            f"app {request.app_id}: report request {created.id} replaces {request.id}, which"
            " Apple had stopped"
        )
