"""Instances that Apple listed once and lists no more: deleted after 35 days, or with their request.

Pure. Nothing is concluded from a list that failed, or that was not asked for.
"""

from collections.abc import Iterable

from ..instances import KnownInstance
from .listing import Listing
from .options import Options


def no_longer_listed(
    known: Iterable[KnownInstance], listing: Listing, options: Options
) -> list[KnownInstance]:
    """Those of `known` that would be in the listing if Apple still had them."""
    is_by_id = bool(options.request_ids)  # then nobody knows which others there are
    requests_of = {
        app_id: {request.id for request in requests}
        for app_id, requests in listing.requests_of.items()
        if not is_by_id and app_id not in listing.apps_in_part
    }
    listed = {item.instance.id for item in listing.instances}
    reports = {report.id for _, report in listing.reports}

    def is_gone(each: KnownInstance) -> bool:
        requests = requests_of.get(str(each.app_id))
        if requests is not None and each.report_request_id not in requests:
            return each.report_request_id is not None
        if each.report_request_id in listing.read_requests and each.report_id not in reports:
            return True
        is_read = each.report_id in listing.read_reports
        return is_read and each.granularity in options.granularities and each.id not in listed

    return [each for each in known if is_gone(each)]
