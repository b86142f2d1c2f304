"""postgres: views and models on Postgres, with 1.6 million raw rows and 5 vintages of each date."""

import os
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from app_store_connect.entities import Granularity
from app_store_connect.errors import to_install
from app_store_connect.names import table_name
from benchmarks.job import fresh_folder
from benchmarks.measure import Measured, Options, Result, bounded, compare, main, measure
from benchmarks.models_file import RAW, Size, create_file, schemas

SHOWN, MODELS = "app_store_connect", ("app_store_connect_staging", "app_store_connect_marts")
ROWS, DAYS, APPS, VINTAGES = 320_000, 365, 8, 5
VIEW = "app_sessions_standard_daily"
PLAIN = "true_rows"
APP = 1_500_000_003
REPEATS = 15
_MONTH = (
    "select territory, sum(sessions) from {table} where _app_id = {app} and date >= date '{since}'"
    " group by territory order by territory"
)
_JOINED = (
    f"select d.month_start, sum(v.sessions) from {SHOWN}.{VIEW} as v"
    f" join {MODELS[1]}.dim_app_store_connect__dates as d on d.date_day = v.date"
    " group by d.month_start"
)


@dataclass(frozen=True)
class Database:
    """A database with the views and models, and the folder of dlt and dbt."""

    address: str
    folder: Path
    cursor: Any

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        self.cursor.execute(statement)
        return list(self.cursor.fetchall())

    def timed(self, statement: str) -> Measured:
        """The median of some runs on one connection; nothing but the server is measured."""
        walls = []
        for _ in range(REPEATS):
            begun = time.perf_counter()
            found = self.rows(statement)
            walls.append(time.perf_counter() - begun)
        return Measured(statistics.median(walls), 0, 0, repr(found))

    def build_all(self) -> Measured:
        """All models and their tests, from nothing."""
        for schema in MODELS:
            self.cursor.execute(f"drop schema if exists {schema} cascade")
        return self.build("--full-refresh")

    def build(self, *arguments: str) -> Measured:
        script = Path(__file__).parents[1] / "pipelines" / "asc_models.py"
        command = [sys.executable, str(script), "--destination", "postgres", *arguments]
        environment = os.environ | {
            "DESTINATION__POSTGRES__CREDENTIALS": self.address,
            "DLT_DATA_DIR": str(self.folder / "dlt"),
        }
        return measure(command, self.folder, environment)


def postgres(options: Options) -> list[Result]:
    """Seconds beside bars, but for a month of one app, which a table of the true rows tells too."""
    try:
        from benchmarks.postgres_data import connected, copy_file, is_installed, server
    except ImportError:
        return [_not_run(f"psycopg2 is not installed here: {to_install('postgres')}")]
    if not is_installed():
        return [_not_run("Postgres is not installed here: apt-get install postgresql")]
    size = Size(options.scaled(ROWS), DAYS, APPS, VINTAGES)
    folder = options.cache / f"postgres-{size.rows}"
    folder.mkdir(parents=True, exist_ok=True)
    with _in(folder):
        create_file(folder, size)
    with server() as address, fresh_folder() as work:
        copy_file(folder, address)
        with connected(address) as cursor:
            database = Database(address, work, cursor)
            models = bounded(
                "postgres: models",
                "all models and their tests, from nothing",
                database.build_all,
                runs=min(options.runs, 3),
                bar=40.0,
            )
            again = bounded(
                "postgres: models again",
                "all models and their tests, with nothing new",
                database.build,
                runs=min(options.runs, 3),
                bar=20.0,
            )
            joined = bounded(
                "postgres: view and dates",
                f"all of {VIEW} joined to dim_app_store_connect__dates",
                lambda: database.timed(_JOINED),
                runs=options.runs,
                bar=1.0,
            )
            return [models, again, joined, _month(database, options), _estimates(database)]


def _month(database: Database, options: Options) -> Result:
    """The table has no index, as the raw table has none by app or date; with one in the notes."""
    database.cursor.execute(f"create table {PLAIN} as select * from {SHOWN}.{VIEW}")
    database.cursor.execute(f"analyze {PLAIN}")
    ((since,),) = database.rows(f"select max(date) - 29 from {PLAIN}")
    ours, other = (
        _MONTH.format(table=table, app=APP, since=since) for table in (f"{SHOWN}.{VIEW}", PLAIN)
    )
    if database.rows(ours) != database.rows(other):
        raise RuntimeError("the view and the true rows differ")
    found = compare(
        "postgres: a month",
        "30 days of one app through the view; a table of the true rows",
        lambda: database.timed(ours),
        lambda: database.timed(other),
        runs=options.runs,
        bar=3.0,
    )
    database.cursor.execute(f"create index by_app_and_date on {PLAIN} (_app_id, date)")
    database.cursor.execute(f"analyze {PLAIN}")
    indexed = found.ours / database.timed(other).wall
    return replace(found, notes={"ratio_to_a_table_indexed_by_app_and_date": indexed})


def _estimates(database: Database) -> Result:
    """The planner's worst estimate of the rows of a view, beside the number of its rows."""
    guesses = []
    for schema in schemas():
        view = table_name(schema.name, Granularity.DAILY)
        ((plan,),) = database.rows(f"explain (format json) select * from {SHOWN}.{view}")
        ((actual,),) = database.rows(f"select count(*) from {SHOWN}.{view}")
        estimate = plan[0]["Plan"]["Plan Rows"]
        factor = max(estimate / actual, actual / estimate)
        guesses.append((factor, estimate, actual, view))
    factor, estimate, actual, view = max(guesses)
    what = f"the planner's estimate of {view}; its rows"
    ((raw,),) = database.rows(f"select sum(row_count) from {RAW}.analytics_slices")
    return Result(
        "postgres: estimate",
        what,
        "rows",
        estimate,
        actual,
        factor,
        10.0,
        factor <= 10.0,
        1,
        notes={"raw_rows": int(raw)},
    )


def _not_run(reason: str) -> Result:
    return Result("postgres", "", "s", 0, 0, 0, 40.0, False, 0, not_run=reason)


@contextmanager
def _in(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


if __name__ == "__main__":
    main(postgres)
