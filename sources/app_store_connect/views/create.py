"""The views at the destination, and the comments on tables and columns."""

from collections.abc import Callable, Collection

from .. import tables
from ..errors import Failure
from ..tables import REPORT_COLUMNS
from ..warehouse.connection import Warehouse
from ..warehouse.ledger import Ledger
from .definitions import Definitions
from .statements import INDEXING, DefinitionWriter, LoadedReport, Stored

_NEEDED = {
    tables.LOADS,
    *(
        table.name
        for table in (tables.SEGMENTS, tables.SLICES, tables.INSTANCES, tables.REPORT_CATALOGUE)
    ),
}


def create_views(
    warehouse: Warehouse, on_failure: Callable[[Failure], None] | None = None
) -> list[str]:
    """Make the view of every loaded table, and those that tell of all of them, as far as they are
    not as they should be; says of which tables there are views.

    Args:
        on_failure: is told of a view that could not be made; the others are made all the same.

    Raises:
        DestinationError: the destination fails, and not at one view alone.
    """
    if not warehouse.columns().keys() >= _NEEDED:
        return []
    warehouse.create_views_dataset()
    definitions = Definitions(warehouse, on_failure)
    writer = DefinitionWriter(warehouse.dialect, warehouse.database.kind, _read(warehouse))
    common, of_reports = [*writer.common_views()], [*writer.report_views()]
    made = definitions.apply([*common, *of_reports])  # a kill leaves all of them or none
    if warehouse.database.can_delete:
        definitions.apply(writer.tables())
    return sorted(made & {each.name for each in of_reports})


def analyze(warehouse: Warehouse, report_tables: Collection[str]) -> None:
    """Have the planner of a database that plans by an index count these tables and the job's own
    now: it would know nothing of them for a minute, or for good where autovacuum is off.
    """
    renderer = warehouse.dialect.renderer
    if renderer.dialect in INDEXING:
        own = [table.name for table in tables.OWN_TABLES]
        found = {*own, *map(warehouse.physical, report_tables), tables.LOADS}
        for name in found & warehouse.columns().keys():
            warehouse.run(f"analyze {renderer.placed('raw', name)}")


def _read(warehouse: Warehouse) -> Stored:
    ledger, existing = Ledger(warehouse), warehouse.columns()
    report_tables = warehouse.report_tables()
    reports = [
        LoadedReport(name, report, granularity, columns)
        for name, report, _, granularity in ledger.loaded_reports()
        if (columns := report_tables.get(warehouse.physical(name)))
    ]
    meanings: dict[str, dict[str, str]] = {}
    for row in ledger.latest(REPORT_COLUMNS).values():
        meanings.setdefault(row["table_name"], {})[row["column_name"]] = row["meaning"]
    return Stored(existing, reports, meanings, ledger.report_name())
