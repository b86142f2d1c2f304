"""Where a row comes from: the columns that say so, behind Apple's own."""

from typing import Any

import pyarrow as pa

from app_store_connect.model import ReportSegment
from app_store_connect.selection import InstanceToLoad
from app_store_connect.tables import LOAD_ID

SEGMENT_KEY = "_segment_id"
PROVENANCE = (
    ("_app_id", pa.int64()),
    ("_instance_id", pa.string()),
    ("_processing_date", pa.date32()),
    (SEGMENT_KEY, pa.string()),
    ("_segment_checksum", pa.string()),
    (LOAD_ID, pa.string()),
)


def stamp_of(item: InstanceToLoad, segment: ReportSegment, load_id: str) -> list[Any]:
    """Where rows of this segment come from: of each column of `PROVENANCE` the value."""
    listed = item.listed
    return [
        int(listed.app_id),
        listed.instance.id,
        listed.instance.processing_date,
        segment.id,
        segment.checksum,
        load_id,
    ]


def stamped(rows: pa.Table, stamp: list[Any], *, is_text_encoded: bool) -> pa.Table:
    """The rows with these values behind each of them."""
    first = pa.repeat(pa.scalar(0, pa.int32()), rows.num_rows)
    columns: list[pa.Array] = []
    for (_, kind), value in zip(PROVENANCE, stamp, strict=True):
        if is_text_encoded and pa.types.is_string(kind):
            columns.append(pa.DictionaryArray.from_arrays(first, pa.array([value], kind)))
        else:
            columns.append(pa.repeat(pa.scalar(value, kind), rows.num_rows))
    fields = [
        pa.field(name, column.type, nullable=False)
        for (name, _), column in zip(PROVENANCE, columns, strict=True)
    ]
    return pa.Table.from_arrays(
        [*rows.columns, *columns], schema=pa.schema([*rows.schema, *fields])
    )
