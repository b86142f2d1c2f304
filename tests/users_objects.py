"""What users make beside the job's tables, and do to these, in SQL that all databases take."""

RAW = "app_store_connect_raw"
SHOWN = "app_store_connect"
TABLE = f"{RAW}.app_crashes_daily"
LEDGER = f"{RAW}.analytics_report_segments"
MINE = {
    "a copy of a report table": (
        f"{RAW}.my_backup",
        f"create table {RAW}.my_backup as select * from {TABLE}",
    ),
    "a copy of some columns": (
        f"{RAW}.app_crashes_daily_2",
        f"create table {RAW}.app_crashes_daily_2 as"
        f" select _slice_key, _dlt_load_id, crashes, 'mine' as note from {TABLE}",
    ),
    "keys of other types": (
        f"{RAW}.my_numbers",
        f"create table {RAW}.my_numbers as select 'x' as _slice_key, 2 as _dlt_load_id",
    ),
    "a view of a report table": (
        f"{RAW}.my_view",
        f"create view {RAW}.my_view as select * from {TABLE}",
    ),
    "a copy of the ledger": (
        f"{RAW}.my_ledger",
        f"create table {RAW}.my_ledger as select * from {LEDGER}",
    ),
    "the name of a lake's folder": (
        f"{RAW}.analytics_removed_instances",
        f"create table {RAW}.analytics_removed_instances as"
        f" select instance_id, _dlt_load_id, instance_id as _slice_key from {LEDGER}",
    ),
    "a copy beside the views": (
        f"{SHOWN}.my_backup",
        f"create table {SHOWN}.my_backup as select * from {TABLE}",
    ),
    "a view beside the views": (
        f"{SHOWN}.my_view",
        f"create view {SHOWN}.my_view as select * from {SHOWN}.app_crashes_daily",
    ),
}
"""What it is called, and how it is made."""

DROPPED = {
    "a report table": f"drop table {TABLE}",
    "a report table, by renaming": f"alter table {TABLE} rename to my_old",
    "the ledger": f"drop table {LEDGER}",
    "the slices": f"drop table {RAW}.analytics_slices",
    "the apps": f"drop table {RAW}.apps",
    "the instances": f"drop table {RAW}.analytics_report_instances",
    "a column of the apps": f"alter table {RAW}.apps drop column sku",
    "all rows of a report table": f"delete from {TABLE}",
    "all rows of the slices": f"delete from {RAW}.analytics_slices",
    "the catalogue": f"drop table {RAW}.report_catalogue",
    "what is defined": f"drop table {RAW}.analytics_definitions",
    "a view": f"drop view {SHOWN}.app_crashes_daily",
    "the schema's versions": f"drop table {RAW}._dlt_version",
    "a report table and the schema's versions": (
        f"drop table {TABLE}; drop table {RAW}._dlt_version"
    ),
    "a report table and the state": f"drop table {TABLE}; drop table {RAW}._dlt_pipeline_state",
}
"""What one run makes good, while Apple lists all that was loaded."""

LOST = {
    "the record of loads": (f"drop table {RAW}._dlt_loads", "_dlt_loads"),
    "a column of the ledger": (f"alter table {LEDGER} drop column checksum", "checksum"),
    "a column of the slices": (
        f"alter table {RAW}.analytics_slices drop column date",
        "has lost date",
    ),
}
"""What nobody can make good, and a word that the message has."""
