"""peers: one segment of 20,000 rows into DuckDB, beside published loaders of the same reports.

Each has an environment of its own below the cache folder, made once, with Python 3.12. They run as
published: Apple's address, which they have built in, is answered by `benchmarks.proxy`, and the
server is lenient, since one sends its token without "Bearer" and one sends it to the store too.
ingestr 1 fetches its DuckDB driver when it is first used; where that host is out of reach,
ADBC_DRIVER_PATH can name a folder with a `duckdb.toml` of the driver.
"""

import os
import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path
from urllib.parse import urlencode

import duckdb

from benchmarks.job import fresh_folder, load_fresh, served, server
from benchmarks.measure import (
    NO_LIMIT,
    Measured,
    Options,
    Result,
    compare,
    main,
    measure,
    progress,
)
from benchmarks.world import FIRST_APP, TODAY, World, large_instances

ROWS = 20_000
STOPPED_AT = 1.5
"""A peer is stopped after so many times what would meet its bar beside our slowest run: it counts
as slower than that.
"""
TRIAL_SECONDS = 900.0
_FILE = "loaded.duckdb"
_KEYS = "SOURCES__APP_STORE_CONNECT__"
_PIPELINE = f"""
import os, dlt
from dlt_source_app_store_connect import app_store_connect_source
names = ("key_id", "issuer_id", "private_key")
key = {{name: os.environ["{_KEYS}" + name.upper()] for name in names}}
pipeline = dlt.pipeline("peer", destination=dlt.destinations.duckdb("{_FILE}"), dataset_name="peer")
pipeline.run(app_store_connect_source(**key, resources=["analytics_reports"]))
"""


@dataclass(frozen=True, slots=True)
class Peer:
    """A loader on the package index. `command` takes its `bin` folder and the environment."""

    package: str
    version: str
    bar: float
    command: Callable[[Path, Mapping[str, str]], list[str]]
    beside: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return f"{self.package} {self.version}"


def _dlt_command(programs: Path, _: Mapping[str, str]) -> list[str]:
    return [str(programs / "python"), "-c", _PIPELINE]


def _ingestr_command(programs: Path, environment: Mapping[str, str]) -> list[str]:
    key = {
        "key_id": environment[f"{_KEYS}KEY_ID"],
        "issuer_id": environment[f"{_KEYS}ISSUER_ID"],
        "key_path": "key.p8",
        "app_id": FIRST_APP,
    }
    return [
        *_ingestr(programs, f"appstore://?{urlencode(key)}", "app-downloads-detailed"),
        f"--interval-start={TODAY - timedelta(days=30)}",
        f"--interval-end={TODAY + timedelta(days=1)}",
    ]


def _ingestr(programs: Path, source: str, table: str) -> list[str]:
    places = [f"--source-uri={source}", f"--source-table={table}", f"--dest-uri=duckdb:///{_FILE}"]
    program = str(programs / "ingestr")
    return [program, "ingest", "--yes", "--progress=log", *places, "--dest-table=peer.downloads"]


PEERS = (
    Peer(
        "dlt-source-app-store-connect",
        "0.2.0",
        100,
        _dlt_command,
        # it leaves both open: the same as ours
        (f"dlt[duckdb]=={version('dlt')}", f"duckdb=={version('duckdb')}"),
    ),
    Peer("ingestr", "0.14.155", 10, _ingestr_command),
    Peer("ingestr", "1.0.78", 10, _ingestr_command),
)


def peers(options: Options) -> list[Result]:
    world = large_instances(options.cache, segments=1, rows=options.scaled(ROWS))
    results = []
    for peer in PEERS:
        try:
            results.append(_beside(peer, world, options))
        except (RuntimeError, OSError, duckdb.Error) as error:
            progress(f"{peer.name} was not run: {error}")
            reason = f"{type(error).__name__}: {' '.join(str(error).split())[-400:]}"
            nothing = Result("peers", peer.name, "s", 0, 0, 0, peer.bar, False, 0, True)
            results.append(replace(nothing, not_run=f"{peer.name}: {reason}"))
    return results


def _beside(peer: Peer, world: World, options: Options) -> Result:
    home = _environment_of(peer, options.cache / "peers")
    served_rows = sum(segment.rows for segment in world.segments)
    own = [load_fresh(world) for _ in range(options.runs)]
    limit = STOPPED_AT * peer.bar * max(each.wall for each in own)
    loads = [_load(peer, home, world, limit)]
    is_cut_off = loads[0].is_cut_off

    def load() -> Measured:
        loads.append(_load(peer, home, world))
        return loads[-1]

    what = f"{served_rows:,} rows; {peer.name}"
    result = compare(
        "peers",
        what,
        # the limit was set by these: slower ones now would make it too low to tell anything
        iter(own).__next__ if is_cut_off else lambda: load_fresh(world),
        (lambda: loads[0]) if is_cut_off else load,
        runs=options.runs,
        bar=peer.bar,
        is_at_least=True,
    )
    loaded = int(loads[-1].extra["rows"])
    if is_cut_off:
        what += f", stopped after {limit:.0f} s, so more than that"
    elif loaded != served_rows:
        what += f", of which {loaded:,} are in its table"
    notes = {"rows_served": served_rows, "rows_loaded": loaded, "ended": not is_cut_off}
    return replace(result, what=what, notes=result.notes | notes)


def _load(peer: Peer, home: Path, world: World, limit: float = NO_LIMIT) -> Measured:
    with fresh_folder() as folder, served(world, is_lenient=True) as apple:
        certificate = folder / "apple.pem"
        with server("benchmarks.proxy", apple.origin, str(certificate)) as proxy:
            environment = _quiet(apple.environment, home, folder) | {
                "HTTPS_PROXY": proxy,
                "https_proxy": proxy,
                "NO_PROXY": "127.0.0.1",
                "no_proxy": "127.0.0.1",
                "REQUESTS_CA_BUNDLE": str(certificate),
                "SSL_CERT_FILE": str(certificate),
            }
            (folder / "key.p8").write_text(environment[f"{_KEYS}PRIVATE_KEY"])
            command = peer.command(home / "bin", environment)
            measured = measure(command, folder, environment, limit=limit)
        rows = 0 if measured.is_cut_off else _rows_in(folder / _FILE)
    return replace(measured, extra={"rows": rows})


def _quiet(environment: Mapping[str, str], home: Path, folder: Path) -> dict[str, str]:
    """Without telemetry; what a peer keeps stays with it."""
    return dict(environment) | {
        "HOME": str(home),
        "DLT_DATA_DIR": str(folder / "dlt"),
        "RUNTIME__DLTHUB_TELEMETRY": "false",
        "DISABLE_TELEMETRY": "true",
        "INGESTR_DISABLE_TELEMETRY": "true",
    }


def _rows_in(file: Path) -> int:
    """Of the one table that is no book-keeping, where a peer puts reports; 0 if it made none."""
    with duckdb.connect(str(file), read_only=True) as connection:
        found = connection.execute(
            "select table_name from duckdb_tables() where schema_name = 'peer'"
            " and table_name in ('downloads', 'analytics_reports')"
        ).fetchall()
        return sum(
            row[0]
            for (name,) in found
            for row in connection.execute(f"select count(*) from peer.{name}").fetchall()
        )


def _environment_of(peer: Peer, cache: Path) -> Path:
    """Its folder, as it was left by an earlier run if that was finished."""
    home = cache / f"{peer.package}-{peer.version}"
    finished = home / "finished"
    if finished.exists():
        return home
    python = sys.executable if sys.version_info[:2] == (3, 12) else shutil.which("python3.12")
    if python is None:
        raise RuntimeError("there is no python3.12 on the PATH")
    progress(f"making the environment of {peer.name}")
    environment = dict(os.environ)
    with fresh_folder() as folder:
        measure([python, "-m", "venv", "--clear", str(home)], folder, environment)
        install = [str(home / "bin" / "python"), "-m", "pip", "install", "--quiet"]
        wanted = [f"{peer.package}=={peer.version}", *peer.beside]
        measure([*install, *wanted], folder, environment)
        if peer.package == "ingestr":
            _try_ingestr(home, folder)
    finished.touch()
    return home


def _try_ingestr(home: Path, folder: Path) -> None:
    """Load a line, so that what it fetches at first use is there before anything is measured."""
    (folder / "one.csv").write_text("id\n1\n")
    command = _ingestr(home / "bin", "csv://one.csv", "one")
    measure(command, folder, _quiet(os.environ, home, folder), limit=TRIAL_SECONDS)


if __name__ == "__main__":
    main(peers)
