"""The dashboard and the digest as assets."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg

from app_store_connect.errors import AppStoreConnectError
from asc_pipeline.alerts.channels import send
from asc_pipeline.alerts.settings import read_alert_settings
from asc_pipeline.dagster.events import metadata_before
from asc_pipeline.dagster.settings import WAIT_SECONDS, DagsterSettings, pool_of_models
from asc_pipeline.dashboard.build import Place, write_dashboard
from asc_pipeline.digest.questions import read_digest
from asc_pipeline.digest.text import as_markdown, plain_lines
from asc_pipeline.dlt_pipeline.opening import Patience

DASHBOARD, DIGEST = dg.AssetKey("dashboard"), dg.AssetKey("digest")
_MARTS = dg.AssetKey(["marts", "fct_app_store_connect__daily"])
_GROUP, _WEEK = "pages", "week"


def page_assets(settings: DagsterSettings) -> list[dg.AssetsDefinition]:
    """`dashboard` and `digest`, of the marts."""
    return [_dashboard(settings), _digest(settings)]


def _dashboard(settings: DagsterSettings) -> dg.AssetsDefinition:
    place = Place(settings.destination, settings.dataset)

    @dg.asset(
        key=DASHBOARD,
        description="One HTML file that shows the marts.",
        deps=[_MARTS],
        group_name=_GROUP,
        pool=pool_of_models(settings),
    )
    def dashboard() -> dg.MaterializeResult[Any]:
        try:
            output, now = Path(settings.dashboard), datetime.now(UTC)
            written = write_dashboard(place, output, now, Patience(WAIT_SECONDS))
        except AppStoreConnectError as error:
            raise dg.Failure(str(error), allow_retries=False) from None
        return dg.MaterializeResult(
            metadata={
                "page": dg.MetadataValue.path(str(written.path)),
                "bytes": written.bytes,
                "apps": written.apps,
                "complete_to": written.complete_to or "none yet",
            }
        )

    return dashboard


def _digest(settings: DagsterSettings) -> dg.AssetsDefinition:
    @dg.asset(
        key=DIGEST,
        description="The last complete week in words, sent once.",
        deps=[_MARTS],
        group_name=_GROUP,
        pool=pool_of_models(settings),
    )
    def digest(context: dg.AssetExecutionContext) -> dg.MaterializeResult[Any]:
        try:
            today = datetime.now(UTC).date()
            patience = Patience(WAIT_SECONDS)
            found = read_digest(settings.destination, settings.dataset, today, patience)
            week = found.monday.isoformat()
            if week != metadata_before(context.instance, DIGEST).get(_WEEK):
                urls = read_alert_settings().urls or []
                for notice in send(urls, found.title, "\n".join(plain_lines(found))):
                    context.log.warning(notice)
        except AppStoreConnectError as error:
            raise dg.Failure(str(error), allow_retries=False) from None
        text = dg.MetadataValue.md(as_markdown(found))
        return dg.MaterializeResult(metadata={_WEEK: week, "digest": text})

    return digest
