"""Files that are not as Apple describes them: refused by name and whole, or read to the last row.

A file that is refused keeps its instance back, and no row of it stays behind; the views go on with
the instance before it. Once Apple re-publishes the segment, the next run has everything.
"""

import gzip
import os
import resource
import subprocess
import sys
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from tests.asking import StartApple
from tests.conftest import KEYS, Job
from tests.emulator import SegmentFile, World, WorldInstance
from tests.faults.exact import RAW, findings
from tests.worlds import (
    APPS,
    CRASHES,
    TODAY,
    add_vintages,
    crash_rows,
    differences,
    raw_rows,
    world_with_reports,
)

YESTERDAY = TODAY - timedelta(days=1)
HEADER = b"Date\tApp Version\tCrashes\n"
ROW = b"%b\t1.10\t7\n" % YESTERDAY.isoformat().encode()
GOOD = HEADER + 3 * ROW
MIB = 1024 * 1024
SCRIPT = Path(__file__).parents[2] / "pipelines" / "asc_segments.py"


def packed(text: bytes) -> bytes:
    return gzip.compress(text, compresslevel=1, mtime=0)


def cut(text: bytes) -> bytes:
    return packed(text)[:-9]


def wrong_crc(text: bytes) -> bytes:
    whole = packed(text)
    return whole[:-8] + bytes([whole[-8] ^ 1]) + whole[-7:]


REFUSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "truncated gzip": (lambda: cut(GOOD), "it is not a whole gzip file"),
    "truncated in its last member": (
        lambda: packed(GOOD) + cut(ROW),
        "it is not a whole gzip file",
    ),
    "wrong CRC": (lambda: wrong_crc(GOOD), "it is not a whole gzip file"),
    "trailing garbage": (lambda: packed(GOOD) + b"garbage", "it is not a whole gzip file"),
    "not gzip": (lambda: GOOD, "it is not a whole gzip file"),
    "zlib, not gzip": (lambda: zlib.compress(GOOD), "it is not a whole gzip file"),
    "an HTML page": (lambda: b"<html><body>Maintenance</body></html>", "not a whole gzip file"),
    "no byte at all": (lambda: b"", "it has no header line"),
    "no header": (lambda: packed(b""), "it has no header line"),
    "empty header": (lambda: packed(b"\n" + ROW), "it has no header line"),
    "gzip in gzip": (lambda: packed(packed(GOOD)), "its header is not UTF-8"),
    "zeros, 1 GiB in 1 MiB": (
        lambda: b"".join([packed(bytes(MIB))] * 1024),
        "its first line is longer than 262144 bytes",
    ),
    "zeros after a row": (
        lambda: packed(GOOD) + b"".join([packed(bytes(MIB))] * 64),
        "a line in it is longer than 16777216 bytes",
    ),
    "a line of 50 MB": (
        lambda: packed(GOOD + b"x" * 50_000_000 + b"\n"),
        "a line in it is longer than 16777216 bytes",
    ),
    "a header of 50 MB": (
        lambda: packed(b"x" * 50_000_000 + b"\n"),
        "its first line is longer than 262144 bytes",
    ),
    "NUL byte": (lambda: packed(GOOD + ROW.replace(b"1.10", b"1\0")), "line 5 has a NUL byte"),
    "NUL in the header": (lambda: packed(b"Date\tA\0\n" + ROW), "its header has a NUL byte"),
    "invalid UTF-8": (
        lambda: packed(GOOD + ROW.replace(b"1.10", b"1\xff")),
        "line 5 is not UTF-8",
    ),
    "UTF-16": (lambda: packed(GOOD.decode().encode("utf-16")), "its header is not UTF-8"),
    "a field too many": (lambda: packed(GOOD + b"\t" + ROW), "line 5 has 4 fields, the header 3"),
    "a field too few": (lambda: packed(GOOD + b"x\n"), "line 5 has 1 fields, the header 3"),
}


def world_with_newest(*contents: bytes) -> tuple[World, list[WorldInstance]]:
    """An app for each content: good instances, and a newest one with a good file and this."""
    app_ids = [str(1_600_000_000 + number) for number in range(len(contents))]
    world = world_with_reports(CRASHES, app_ids=app_ids)
    newest = []
    for app_id, content in zip(app_ids, contents, strict=True):
        report = world.report(app_id, CRASHES)
        add_vintages(world, report, days=2)
        files = [SegmentFile(crash_rows(app_id, YESTERDAY, vintage=1)), SegmentFile(None, content)]
        newest.append(world.add_instance(report, "DAILY", TODAY, files, id=f"zz-{app_id}"))
    return world, newest


def republish(world: World, newest: list[WorldInstance]) -> None:
    for instance in newest:
        rows = crash_rows(instance.report.request.app_id, YESTERDAY, vintage=4)
        world.republish(instance.segments[1], rows)


@pytest.fixture(scope="module")
def refused_contents() -> dict[str, bytes]:
    return {name: make() for name, (make, _) in REFUSED.items()}


@pytest.mark.slow
def test_refused(start_apple: StartApple, job: Job, refused_contents: dict[str, bytes]) -> None:
    """Each bad file is named with what is wrong with it; none of its instance's rows is left."""
    world, newest = world_with_newest(*refused_contents.values())
    apple = start_apple(world)
    result = job.run(apple)
    found = findings(job, world)
    said = {
        name: [
            each["why"] for each in result.summary["failures"] if f"app {app_id}," in each["what"]
        ]
        for name, app_id in zip(REFUSED, world.apps, strict=True)
    }
    republish(world, newest)
    healthy = job.run(apple)

    assert 1 == result.exit_code
    assert [] == [
        (name, said[name])
        for name, (_, why) in REFUSED.items()
        if len(said[name]) != 1 or why not in said[name][0]
    ]
    assert [] == found
    assert (0, []) == (healthy.exit_code, findings(job, world))


@pytest.mark.slow
def test_refused_in_the_first_run(start_apple: StartApple, job: Job) -> None:
    """What was read of the only file until it broke is removed, also before there is a ledger."""
    content = packed(HEADER + 200_000 * ROW + b"x\n")
    world = world_with_reports(CRASHES, app_ids=APPS[:1])
    file = SegmentFile(None, content)
    instance = world.add_instance(world.report(APPS[0], CRASHES), "DAILY", TODAY, [file])
    apple = start_apple(world)
    broken = job.run(apple)
    left = job.query(f"select count(*) from {RAW}.app_crashes_daily")
    world.republish(instance.segments[0], crash_rows(APPS[0], YESTERDAY, vintage=4))
    healthy = job.run(apple)

    assert (1, [(0,)]) == (broken.exit_code, left)
    assert (0, []) == (healthy.exit_code, findings(job, world))


BOMB_ROWS = 85_000_000
"""About 1 GiB of short rows, which come in 1 to 4 MiB."""


MEASURED = """
import resource, subprocess, sys
code = subprocess.run(sys.argv[1:]).returncode
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)
sys.exit(code)
"""
"""Runs a command, and prints the greatest memory of it alone, in KiB."""


def bomb() -> bytes:
    row = b"2026-01-01\t1\n"
    million = packed(row * 1_000_000)
    return packed(b"Date\tCrashes\n") + million * (BOMB_ROWS // 1_000_000)


@pytest.mark.slow
def test_decompression_bomb(
    start_apple: StartApple, job: Job, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A file of good rows without end: the job ends at the limit, in bounded memory and disk."""
    content = bomb()
    world, newest = world_with_newest(content)
    apple = start_apple(world)
    job.use(apple)
    monkeypatch.setenv(f"{KEYS}MAX_INFLATED_GIGABYTES", "0.0625")

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (128 * MIB, 128 * MIB))

    bombed = subprocess.run(
        [sys.executable, "-c", MEASURED, sys.executable, str(SCRIPT), "--json", "--quiet"],
        capture_output=True,
        text=True,
        preexec_fn=limit,
        env=dict(os.environ),
        check=False,
    )
    peak = int(bombed.stderr.splitlines()[-1])
    found = findings(job, world)
    republish(world, newest)
    healthy = job.invoke()

    assert len(content) < 8 * MIB
    assert 1 == bombed.returncode
    assert "it inflates to more than the 67108864 bytes allowed" in bombed.stdout
    assert 100 * 1024 < peak < 900 * 1024
    assert [] == found
    assert (0, []) == (healthy.exit_code, findings(job, world))


@pytest.mark.slow
def test_limit_can_be_raised(
    start_apple: StartApple, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What one limit refuses, the next run loads under another."""
    rows = [row for _ in range(2000) for row in crash_rows(APPS[0], YESTERDAY, vintage=1)]
    world = world_with_reports(CRASHES, app_ids=APPS[:1])
    world.add_instance(world.report(APPS[0], CRASHES), "DAILY", TODAY, [rows])
    apple = start_apple(world)
    monkeypatch.setenv(f"{KEYS}MAX_INFLATED_GIGABYTES", "0.0001")
    low = job.run(apple)
    monkeypatch.setenv(f"{KEYS}MAX_INFLATED_GIGABYTES", "1")
    high = job.run(apple)

    assert (1, 0) == (low.exit_code, high.exit_code)
    assert "it inflates to more than the 107374 bytes allowed" in low.stdout
    assert [] == findings(job, world)


@dataclass(frozen=True)
class Odd:
    """A header that is odd, and the columns it becomes."""

    header: list[str]
    columns: list[str]


WIDE = [f"Column {number}" for number in range(1999)]
ODD = {
    "2,000 columns": Odd(["Date", *WIDE], ["date", *(f"column_{n}" for n in range(1999))]),
    "duplicate names": Odd(
        ["Date", "Crashes", "Crashes", "crashes", "Crashes 2", "Date"],
        ["date", "crashes", "crashes_2", "crashes_3", "crashes_2_2", "date_2"],
    ),
    "names like ours": Odd(
        ["Date", "_segment_id", "_dlt_load_id", "_app_id", "_instance_id", "_processing_date"],
        ["date", "segment_id", "dlt_load_id", "app_id", "instance_id", "processing_date"],
    ),
    "names like dlt's": Odd(
        ["Date", "_dlt_id", "_dlt_parent_id", "a__b", "value", "_dlt_load_id_"],
        ["date", "dlt_id", "dlt_parent_id", "a_b", "value", "dlt_load_id"],
    ),
    "reserved words": Odd(
        ["Date", "select", "Order", "from", "GROUP", "table", "rowid", "1st", "%", ""],
        [
            "date",
            "select",
            "order",
            "from",
            "group",
            "table",
            "rowid",
            "_1st",
            "unnamed_bbf3f11c",
            "unnamed_e3b0c442",
        ],
    ),
    "long and strange": Odd(
        ["Date", "x" * 300, "x" * 299 + "y", 'a"; drop table apps; --', "\U0001f600", "ß", "İ"],
        [],
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", ODD)
def test_odd_columns(name: str, start_apple: StartApple, job: Job) -> None:
    """Every column arrives under a name of its own, with its values; what is ours stays ours."""
    odd = ODD[name]
    day = YESTERDAY.isoformat()
    values = [day if n.lower().endswith("date") else str(i) for i, n in enumerate(odd.header)]
    text = "\t".join(odd.header) + "\n" + 3 * ("\t".join(values) + "\n")
    world = world_with_reports("Odd Report", app_ids=APPS[:1])
    report = world.report(APPS[0], "Odd Report")
    file = SegmentFile([{"Date": day}] * 3, packed(text.encode()))
    instance = world.add_instance(report, "DAILY", TODAY, [file], columns=["Date"])
    result = job.run(start_apple(world), "--report", "*")
    names = job.query(
        "select column_name from information_schema.columns"
        " where table_schema = 'app_store_connect' and table_name = 'odd_report_daily'"
        " order by ordinal_position"
    )
    apples = [column for (column,) in names if column not in OURS]
    shown = job.query("select * from app_store_connect.odd_report_daily")
    (segment,) = instance.segments

    assert (0, []) == (result.exit_code, result.summary["failures"])
    assert len(odd.header) == len(apples)
    assert set(odd.columns) <= set(apples)
    assert set(values) <= {str(value) for value in shown[0]}
    assert [(3, 1)] == job.query(
        f"select count(*), count(distinct _segment_id) from {raw_rows('odd_report_daily')}"
        f" where _segment_id = '{segment.id}' and _app_id = {APPS[0]}"
        f" and _instance_id = '{instance.id}' and _segment_checksum = '{segment.checksum}'"
    )


OURS = {
    "_app_id",
    "_instance_id",
    "_processing_date",
    "_segment_id",
    "_segment_checksum",
    "_dlt_load_id",
}


@pytest.mark.slow
def test_columns_that_come_and_go(start_apple: StartApple, job: Job) -> None:
    """A column that Apple adds or drops from one instance to the next changes no other value."""
    world = world_with_reports(CRASHES, app_ids=APPS[:1])
    report = world.report(APPS[0], CRASHES)
    for age, extra in ((3, ()), (2, ("Campaign", "Order")), (1, ("Order",)), (0, ())):
        day = TODAY - timedelta(days=age)
        rows = [{**row, **dict.fromkeys(extra, "x")} for row in crash_rows(APPS[0], day, 1)]
        columns = list(dict.fromkeys(name for row in rows for name in row))
        columns = ["Date", *columns[1 + age % 2 :]]
        world.add_instance(report, "DAILY", day, [rows], columns=columns)
    apple = start_apple(world)
    result = job.run(apple)

    loads = job.query(f"select count(distinct _dlt_load_id) from {RAW}.analytics_report_segments")

    assert (0, []) == (result.exit_code, differences(job, world))
    assert [] == findings(job, world)
    assert [(1,)] == loads  # and is no reason to load each instance by itself
