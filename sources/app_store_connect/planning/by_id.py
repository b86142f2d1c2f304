"""Instances and requests given by id: facts that Apple does not give come from earlier runs,
the options, the file.
"""

from collections.abc import Iterable, Mapping

from ..api.client import AppStoreConnectClient
from ..api.download import ListedSegment, SegmentDownloader
from ..catalog import identify, schema_of
from ..entities import Report, ReportInstance, pass_over
from ..errors import FATAL, AppStoreConnectError, Failure, MalformedFileError
from ..instances import ListedInstance
from ..report_files.tsv import FileFormatError, read_batches, read_header
from .listing import Listing
from .options import Options
from .selection import (
    ALL_REPORTS,
    canonical_name,
    check_app,
    check_report_names,
    recognised,
    wanted_reports,
)


def list_pinpointed(
    client: AppStoreConnectClient,
    downloader: SegmentDownloader,
    options: Options,
    known: Mapping[str, ListedInstance],
    offered: Mapping[str, Report],
) -> Listing:
    """The instances of `options.instance_ids`, each with its app and report; what stays unknown
    fails.

    An instance that an earlier run listed costs no request here. Of another one Apple gives
    granularity and processing date; report and app come from a single --report and --app-id, or
    else from its first file. `offered` has the reports that Apple was seen to offer, by name.

    Raises:
        UnknownReportError: neither Apple offers such a report nor has the catalogue one.
        WrongAppError: an instance is known to be of another app than the options say.
    """
    check_report_names(options.reports, offered)
    for instance_id, item in known.items():
        check_app(f"instance {instance_id}", item.app_id, options.app_ids)
    listing = Listing()
    for instance_id in dict.fromkeys(options.instance_ids):
        try:
            listing.instances.append(
                known[instance_id]
                if instance_id in known
                else _identified(
                    client, downloader, options, client.read_instance(instance_id), offered
                )
            )
        except FATAL:
            raise
        except AppStoreConnectError as error:
            listing.failures.append(Failure(f"instance {instance_id}", str(error), error))
    return listing


def find_app_of_request(
    client: AppStoreConnectClient,
    downloader: SegmentDownloader,
    options: Options,
    report_request_id: str,
) -> str | None:
    """Which app a report request is for, from the first of its files that tells; or None."""
    reports = recognised(client.list_reports(report_request_id, odd=pass_over))
    for report in wanted_reports(reports, options):
        for instance in client.list_instances(report.id, options.granularities, odd=pass_over):
            listed_at = downloader.clock()
            for segment in client.list_segments(instance.id)[:1]:
                _, app_id = _peek(downloader, ListedSegment(segment, listed_at))
                if app_id:
                    return app_id
    return None


class _UnidentifiedError(AppStoreConnectError):
    pass


def _identified(
    client: AppStoreConnectClient,
    downloader: SegmentDownloader,
    options: Options,
    instance: ReportInstance,
    offered: Mapping[str, Report],
) -> ListedInstance:
    name = _only(report for report in options.reports if report != ALL_REPORTS)
    app_id = _only(options.app_ids)
    if not (name and app_id):
        listed_at = downloader.clock()
        segments = client.list_segments(instance.id)
        if not segments:
            raise _UnidentifiedError("Apple lists it without any segment (yet)")
        read_name, read_app = _peek(downloader, ListedSegment(segments[0], listed_at))
        name, app_id = name or read_name, app_id or read_app
    if not (name and app_id):
        missing = " and ".join(
            option for option, value in (("--report", name), ("--app-id", app_id)) if not value
        )
        raise _UnidentifiedError(f"neither Apple nor its file says what it is of; give {missing}")
    name = canonical_name(name, offered)
    report = offered.get(name) or Report("", "", name, schema_of(name, None).category)
    return ListedInstance(app_id, None, report, instance)


def _peek(downloader: SegmentDownloader, listed: ListedSegment) -> tuple[str | None, str | None]:
    """Report name and app id, as far as the file's header and first rows tell them."""
    with downloader.open(listed) as (segment, file):
        try:
            schema = identify(read_header(file))
            file.seek(0)
            first = next(read_batches(file, schema or schema_of("", None)))
        except FileFormatError as error:
            raise MalformedFileError(segment.id, str(error)) from None
    return schema.name if schema else None, _only(first.app_ids)


def _only(values: Iterable[str]) -> str | None:
    found = list(values)
    return found[0] if len(found) == 1 else None
