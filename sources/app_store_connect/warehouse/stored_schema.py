"""dlt's schema as the destination keeps it: which tables and columns dlt made there."""

import base64
import json
import zlib
from collections.abc import Iterable, Mapping
from typing import Any

VERSIONS = "_dlt_version"

Columns = Mapping[str, frozenset[str]]
"""Table to columns."""


def columns_of(stored: str) -> Columns:
    """The tables of one stored version; none if the text is no schema."""
    try:
        tables = json.loads(_inflated(stored))["tables"]
        return {name: frozenset(table.get("columns", ())) for name, table in tables.items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}


def union_of(versions: Iterable[Columns]) -> Columns:
    """Two writers at a time store a version each, and neither knows the other's new table."""
    found: dict[str, frozenset[str]] = {}
    for version in versions:
        for table, columns in version.items():
            found[table] = found.get(table, frozenset()) | columns
    return found


def _inflated(stored: Any) -> str:
    """Databases get a long schema compressed, files as it is."""
    try:
        return zlib.decompress(base64.b64decode(stored, validate=True)).decode()
    except (ValueError, zlib.error):
        return str(stored)
