"""Names of the schemas around a dataset, and whether the destination can tell them apart. Pure."""

from collections.abc import Sequence
from pathlib import Path

from app_store_connect.errors import DestinationError

MADE = ("_raw", "_staging", "_marts")
"""Endings of the schemas beside the views': dlt's tables, and those that the models make."""
FIVETRAN = "_itunes_connect"
"""The ending of the schema that fivetran/dbt_apple_store reads."""
_RENAMED = ("temp", "system", "main")
_RESERVED = ("temp", "system", "information_schema")


def catalog_of_file(path: str) -> str:
    """The name that DuckDB 1.5 gives to a file's database: up to the first dot, in its case."""
    stem = Path(path).name.lstrip(".").partition(".")[0]
    return f"{stem}_db" if stem in _RENAMED else stem


def check_schemas(dataset: str, *, catalog: str, longest: int, more: Sequence[str] = ()) -> None:
    """Compare the schemas with each other and the database around them, as the destination does.

    Args:
        more: endings of further schemas.

    Raises:
        DestinationError: two names are one to it, or a name is too long or its own.
    """
    endings = (*MADE, *more)
    schemas = [dataset, *(dataset + ending for ending in endings)]
    if too_long := [each for each in schemas if len(each) > longest]:
        raise DestinationError(
            f"dataset {dataset!r} cannot be used: the destination cuts names to {longest}"
            f" characters, and the schema {max(too_long, key=len)!r} beside it has more; take at"
            f" most {longest - max(map(len, endings))} characters"
        )
    database = catalog.casefold()
    if database in _RESERVED:
        raise DestinationError(
            f"the DuckDB file is called {catalog}, which is a name of DuckDB's own; give it another"
        )
    if database in schemas:
        raise DestinationError(
            f"the database {catalog} and the schema {database} have one name, which DuckDB cannot"
            " tell apart in any case; take another --dataset, or give the file another name"
        )
