"""Where a row comes from: the columns that say so, behind Apple's own."""

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


def stamp_of(
    item: InstanceToLoad, segment: ReportSegment, load_id: str, *, is_encoded: bool
) -> list[pa.Array]:
    """Where rows of this segment come from: of each column of `PROVENANCE` one value."""
    listed = item.listed
    values = (
        int(listed.app_id),
        listed.instance.id,
        listed.instance.processing_date,
        segment.id,
        segment.checksum,
        load_id,
    )
    arrays = (pa.array([value], kind) for (_, kind), value in zip(PROVENANCE, values, strict=True))
    return [
        each.dictionary_encode() if is_encoded and pa.types.is_string(each.type) else each
        for each in arrays
    ]


def stamped(rows: pa.Table, stamp: list[pa.Array]) -> pa.Table:
    """The rows with these values behind each of them."""
    every = pa.repeat(pa.scalar(0, pa.int32()), rows.num_rows)
    fields = [
        pa.field(name, value.type, nullable=False)
        for (name, _), value in zip(PROVENANCE, stamp, strict=True)
    ]
    return pa.Table.from_arrays(
        [*rows.columns, *(_repeated(value, every) for value in stamp)],
        schema=pa.schema([*rows.schema, *fields]),
    )


def _repeated(value: pa.Array, every: pa.Array) -> pa.Array:
    if pa.types.is_dictionary(value.type):
        return pa.DictionaryArray.from_arrays(every, value.dictionary)
    return pa.repeat(value[0], len(every))
