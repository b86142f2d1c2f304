"""Running the job and dbt as users do, in processes of their own, and reading what they made."""

import os
import pty
import re
import subprocess
import sys
import termios
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.conftest import key_of
from tests.emulator import Emulator

ROOT = Path(__file__).parents[2]
PROJECT = ROOT / "pipelines" / "dbt"
MARTS = "app_store_connect_marts"
STAGING = "app_store_connect_staging"
FACTS = (
    "fct_app_store_connect__daily",
    "fct_app_store_connect__daily_by_territory",
    "fct_app_store_connect__daily_by_source_type",
    "fct_app_store_connect__daily_by_device",
    "fct_app_store_connect__daily_by_app_download_date",
    "fct_app_store_connect__daily_by_platform_version",
    "fct_app_store_connect__daily_by_app_version",
    "fct_app_store_connect__daily_by_subscription_identifier",
)

Rows = list[tuple[Any, ...]]


@dataclass(frozen=True)
class Done:
    """How a process ended."""

    code: int
    out: str
    err: str


@dataclass
class Warehouse:
    """A database with its working folder: a DuckDB file, or with an `address` Postgres."""

    folder: Path
    address: str = ""
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def file(self) -> Path:
        return self.folder / "asc_segments.duckdb"

    def variables(self) -> dict[str, str]:
        """The environment, without what belongs to this machine's configuration."""
        clean = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("SOURCES__", "DESTINATION__", "ASC_DBT", "DBT_"))
        }
        own = {
            "DLT_DATA_DIR": str(self.folder / "dlt"),
            "RUNTIME__DLTHUB_TELEMETRY": "false",
            "DBT_TARGET_PATH": str(self.folder / "target"),
            "DBT_LOG_PATH": str(self.folder / "logs"),
        }
        if self.address:
            own["DESTINATION__POSTGRES__CREDENTIALS"] = self.address
        return clean | own | self.environment

    def run(self, *command: str, **variables: str) -> Done:
        self.folder.mkdir(exist_ok=True)
        ended = subprocess.run(
            list(command),
            cwd=self.folder,
            env=self.variables() | variables,
            capture_output=True,
            text=True,
        )
        return Done(ended.returncode, ended.stdout, ended.stderr)

    def job(self, *arguments: str, apple: Emulator | None = None) -> Done:
        """`asc-segments`, with the key of an emulator."""
        where = ("--destination", "postgres") if self.address else ()
        script = str(ROOT / "pipelines" / "asc_segments.py")
        key = key_of(apple) if apple else {}
        return self.run(sys.executable, script, *arguments, *where, **key)

    def load(self, apple: Emulator, *arguments: str) -> None:
        done = self.job("--progress", "none", *arguments, apple=apple)
        assert 0 == done.code, done

    def models(self, *arguments: str, **variables: str) -> Done:
        """`asc-segments models`."""
        where = ("--destination", "postgres") if self.address else ()
        script = str(ROOT / "pipelines" / "asc_models.py")
        return self.run(sys.executable, script, *arguments, *where, **variables)

    def start_models(self, *arguments: str) -> subprocess.Popen[str]:
        """The same on DuckDB, not waited for."""
        return subprocess.Popen(
            [sys.executable, str(ROOT / "pipelines" / "asc_models.py"), *arguments],
            cwd=self.folder,
            env=self.variables(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def models_on_terminal(self, columns: int, *arguments: str) -> list[str]:
        """The lines that it writes to a terminal of so many columns."""
        ours, its = pty.openpty()
        termios.tcsetwinsize(its, (24, columns))
        command = [sys.executable, str(ROOT / "pipelines" / "asc_models.py"), *arguments]
        environment = self.variables() | {"TERM": "xterm"}
        environment.pop("COLUMNS", None)
        with subprocess.Popen(command, cwd=self.folder, env=environment, stdout=its) as process:
            os.close(its)
            with open(ours, errors="replace", closefd=True) as terminal:
                lines = list(_until_hung_up(terminal))
        assert 0 == process.returncode, lines
        return lines

    def dbt(self, command: str, *arguments: str, project: Path = PROJECT) -> Done:
        """dbt itself, on the DuckDB file."""
        folders = ("--project-dir", str(project), "--profiles-dir", str(project))
        binary = str(Path(sys.executable).parent / "dbt")
        return self.run(binary, "--no-use-colors", *command.split(), *folders, *arguments)

    def query(self, statement: str) -> Rows:
        if self.address:
            psycopg2 = pytest.importorskip("psycopg2")
            connection = psycopg2.connect(self.address)
            try:
                with connection.cursor() as cursor:
                    cursor.execute(statement)
                    return list(cursor.fetchall())
            finally:
                connection.close()
        with duckdb.connect(str(self.file), read_only=True) as database:
            return database.execute(statement).fetchall()

    def execute(self, statement: str) -> None:
        """Change something on Postgres."""
        psycopg2 = pytest.importorskip("psycopg2")
        connection = psycopg2.connect(self.address)
        with connection, connection.cursor() as cursor:
            cursor.execute(statement)
        connection.close()

    def columns(self, table: str, schema: str = MARTS) -> dict[str, str]:
        """Names and types, as the database has them."""
        return dict(
            self.query(
                "select column_name, data_type from information_schema.columns"
                f" where table_schema = '{schema}' and table_name = '{table}'"
                " order by ordinal_position"
            )
        )

    def rows(self, table: str, schema: str = MARTS) -> Rows:
        """All of a mart, in order, without what differs between two loads."""
        names = ", ".join(name for name in self.columns(table, schema) if name != "vintage")
        return sorted(self.query(f"select {names} from {schema}.{table}"), key=str)

    def vintages(self, table: str) -> dict[tuple[Any, ...], set[str]]:
        """Which vintages the rows of each app's day have."""
        found: dict[tuple[Any, ...], set[str]] = {}
        for app_id, day, vintage in self.query(
            f"select app_id, date_day, vintage from {MARTS}.{table}"
        ):
            found.setdefault((app_id, day), set()).add(vintage)
        return found


def _until_hung_up(terminal: Iterable[str]) -> Iterator[str]:
    """Its lines without colours; Linux ends them with an error when the process has closed it."""
    with suppress(OSError):
        for line in terminal:
            yield re.sub(r"\x1b\[[0-9;]*m", "", line).rstrip()
