"""Checks of the apps of one API key: their report requests and reports, and the right to read."""

from collections.abc import Iterator, Sequence

from app_store_connect.api.client import AppStoreConnectClient
from app_store_connect.entities import App, Report, ReportRequest
from app_store_connect.errors import AppStoreConnectError, BudgetExhaustedError, ForbiddenError
from asc_pipeline.doctor.check import Check, Level
from asc_pipeline.doctor.judgement import (
    judge_end_of_budget,
    judge_ordering,
    judge_reports,
    judge_requests,
    title_of,
)


class AppChecks:
    """The report requests and reports of each app: two requests to Apple. The key's right to read
    instances is tried once: a role holds for all apps.
    """

    def __init__(self, client: AppStoreConnectClient) -> None:
        self._client = client
        self._has_listed_instances = False

    def run(self, apps: Sequence[App]) -> Iterator[Check]:
        judged: list[Check] = []
        has_requests = False
        for number, app in enumerate(apps):
            try:
                requests = self._client.list_report_requests(app.id)
                has_requests = has_requests or bool(requests)
                judged.append(judge_requests(app, requests))
                yield judged[-1]
                yield from self._of_reports(app, requests)
            except BudgetExhaustedError:
                yield judge_end_of_budget(number, len(apps))
                return
            except AppStoreConnectError as error:
                yield refused(title_of(app), "list report requests", error)
        if judged:
            yield judge_ordering(judged, has_requests=has_requests)

    def _of_reports(self, app: App, requests: Sequence[ReportRequest]) -> Iterator[Check]:
        live = [each for each in requests if not each.is_stopped] or list(requests)
        if not live:
            return
        try:
            reports = self._client.list_reports(live[0].id)
            yield judge_reports(app, reports)
            self._try_instances(reports)
        except BudgetExhaustedError:
            raise
        except AppStoreConnectError as error:
            yield refused(title_of(app), "read reports", error)

    def _try_instances(self, reports: Sequence[Report]) -> None:
        if reports and not self._has_listed_instances:
            self._client.list_instances(reports[0].id)
            self._has_listed_instances = True


def refused(subject: str, what: str, error: AppStoreConnectError) -> Check:
    """Apple's refusal of a request, and whether the role of the key is the reason."""
    may_not = f"the key may not {what}" if isinstance(error, ForbiddenError) else f"cannot {what}"
    return Check(subject, Level.ERROR, f"{may_not}: {error}")
