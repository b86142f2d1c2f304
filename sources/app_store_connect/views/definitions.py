"""Makes views, comments and indexes, each only when its definition has changed.

A view that is replaced waits for whoever reads it, and everybody else waits behind it. So the job
keeps a hash of each definition at the destination and leaves alone what is as it should be.
"""

import hashlib
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from importlib.metadata import version

from ..errors import DestinationError, Failure
from ..warehouse.connection import Warehouse, is_lock_timeout
from .locks import in_the_way

DEFINITIONS = "analytics_definitions"
_RENDERED_BY = version("sqlglot")  # asked once: it reads a file each time


@dataclass(frozen=True, slots=True)
class Definition:
    """A view, or the comments and the index of a table.

    The `statements` follow from the `basis` alone. `columns` gives the columns of a view. If the
    statements of a view fail, they are run again after `drop`: some destinations refuse to replace
    a view by one with other columns.
    """

    name: str
    basis: str
    statements: Callable[[], Iterable[str]]
    columns: Callable[[], Iterable[str]] = tuple
    drop: str | None = None

    @property
    def kind(self) -> str:
        return "view" if self.drop else "table"

    @property
    def key(self) -> str:
        """A view and its table have the same name."""
        return f"{self.kind} {self.name}"

    def digest(self, columns: Iterable[str]) -> str:
        """Stands for the definition at a destination, where the view has these columns."""
        whole = f"{_RENDERED_BY} {self.basis} {[*columns]}"
        return hashlib.sha256(whole.encode()).hexdigest()[:32]


def forget(warehouse: Warehouse) -> None:
    """Have the next `apply` make all definitions again. dlt makes a dropped table without comments
    and index; and if the table was renamed instead, views on Postgres go on reading the old one.
    """
    if DEFINITIONS in warehouse.columns():
        warehouse.execute(f"delete from raw.{DEFINITIONS}")


class Definitions:
    """The definitions that the destination has, and the making of those that have changed."""

    def __init__(self, warehouse: Warehouse, on_failure: Callable[[Failure], None] | None) -> None:
        self._warehouse = warehouse
        self._on_failure = on_failure
        self._is_kept = warehouse.database.can_delete  # a lake's views are made anew by each run
        self._views = warehouse.views()
        self._digests = self._stored() if self._is_kept else {}

    def _stored(self) -> dict[str, set[str]]:
        if DEFINITIONS not in self._warehouse.columns():
            self._warehouse.execute(
                f"create table if not exists raw.{DEFINITIONS} (name text, digest text)"
            )
        found: dict[str, set[str]] = {}
        for name, digest in self._warehouse.execute(f"select name, digest from raw.{DEFINITIONS}"):
            found.setdefault(name, set()).add(digest)  # two if two writers made it at once
        return found

    def apply(self, wanted: Iterable[Definition]) -> set[str]:
        """Names of those that are there now. Of one that cannot be made `on_failure` is told.

        Raises:
            DestinationError: the destination fails, and not at one alone; or at one, and there is
                nobody to tell.
        """
        found = list(wanted)
        changed = [each for each in found if not self._is_current(each)]
        failed = (
            set()
            if self._are_made_together(changed)
            else {each.name for each in changed if not self._is_made(each)}
        )
        return {each.name for each in found} - failed

    def _is_current(self, definition: Definition) -> bool:
        found: Iterable[str] = ()
        if definition.kind == "view":
            name = self._warehouse.physical(definition.name)
            if name not in self._views:
                return False
            found = self._views[name]
        return self._digests.get(definition.key) == {definition.digest(found)}

    def _are_made_together(self, definitions: Collection[Definition]) -> bool:
        """A commit of DuckDB takes as long as three views. Others have readers, who would wait."""
        if self._warehouse.client.capabilities.sqlglot_dialect != "duckdb":
            return False
        try:
            with self._warehouse.transaction(of_views=True):
                for each in definitions:
                    self._run(each.statements())
                self._remember(definitions)
        except DestinationError:
            return False
        return True

    def _is_made(self, definition: Definition) -> bool:
        """A table of the user's may have a view's name, or a view of theirs be built on it."""
        try:
            self._make(definition)
        except DestinationError as error:
            self._warehouse.execute("select 1")  # fails too where the destination does
            if self._on_failure is None:
                raise
            self._on_failure(self._failure(definition, error))
            return False
        return True

    def _make(self, definition: Definition) -> None:
        try:
            self._make_once(definition)
        except DestinationError as error:
            if definition.drop is None or is_lock_timeout(error):
                raise
            self._make_once(definition, definition.drop)

    def _make_once(self, definition: Definition, *before: str) -> None:
        with self._warehouse.transaction(of_views=True):
            self._run((*before, *definition.statements()))
            self._remember([definition])

    def _run(self, statements: Iterable[str]) -> None:
        for statement in statements:
            self._warehouse.run(statement)

    def _remember(self, definitions: Collection[Definition]) -> None:
        if not self._is_kept or not definitions:
            return
        # as text: neither has a character to escape, and thousands take the renderer seconds
        keys = ", ".join(f"'{each.key}'" for each in definitions)
        rows = ", ".join(f"('{each.key}', '{each.digest(each.columns())}')" for each in definitions)
        renderer = self._warehouse.dialect.renderer
        table = renderer.placed("raw", DEFINITIONS)
        name = renderer.quoted(renderer.casefold("name"))
        self._run([f"delete from {table} where {name} in ({keys})"])
        self._run([f"insert into {table} values {rows}"])

    def _failure(self, definition: Definition, error: DestinationError) -> Failure:
        warehouse = self._warehouse
        is_table = definition.kind == "table"
        dataset = warehouse.client.dataset_name if is_table else warehouse.views_dataset
        if not (why := in_the_way(warehouse, error, definition.name)):
            advice = "rename or drop what has its name or is built on it, then run again"
            why = str(error) if is_table else f"{error}; {advice}"
        return Failure(f"the {definition.kind} {dataset}.{definition.name}", why, error)
