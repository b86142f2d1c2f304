"""The questions of the dbt project, and the page that shows them with their answers.

`make questions` writes the page from the demo's data of a fixed day; a test compares what does not
change with the day.
"""

import re
import sys
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb

from tests.dbt.warehouse import MARTS, PROJECT, Warehouse
from tests.emulator import Emulator, demo_world
from tests.worlds import TODAY

PAGE = PROJECT / "QUESTIONS.md"
QUESTIONS = sorted((PROJECT / "analyses").glob("*.sql"))
MAX_ROWS = 10
HEAD = """# Questions

Questions of a product manager, as plain SQL on the marts. The statements are in `analyses/`, with
`{{ ref('...') }}` for a mart's name. The answers are from the demo's apps (`make demo`), so your
answers will differ. `make questions` writes this page.
"""


def as_sql(path: Path) -> str:
    """The statement with the marts' names, as one types it into a client."""
    return re.sub(
        r"{{ ref\('app_store_connect', '(\w+)'\) }}",
        rf"{MARTS}.\1",
        path.read_text(encoding="utf-8"),
    )


def title(path: Path) -> str:
    """The question, which is the first sentence of the comment."""
    words = " ".join(re.findall(r"^-- (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE))
    return re.split(r"(?<=\?) ", words)[0]


def answer(path: Path, database: duckdb.DuckDBPyConnection) -> tuple[list[str], list[Any]]:
    """Column names and rows."""
    cursor = database.execute(as_sql(path))
    return [name for name, *_ in cursor.description or []], cursor.fetchall()


def section(path: Path, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """A question with its statement and the first rows of its answer."""
    lines = [
        f"## {title(path)}",
        "",
        "```sql",
        path.read_text(encoding="utf-8").rstrip(),
        "```",
        "",
    ]
    lines += ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    lines += ["| " + " | ".join(map(_text, row)) + " |" for row in rows[:MAX_ROWS]]
    if len(rows) > MAX_ROWS:
        lines += ["", f"and {len(rows) - MAX_ROWS} more rows."]
    return "\n".join(lines) + "\n"


def page(database: duckdb.DuckDBPyConnection) -> str:
    """QUESTIONS.md, as it is to be."""
    return "\n".join([HEAD, *(section(path, *answer(path, database)) for path in QUESTIONS)])


def _text(value: Any) -> str:
    if isinstance(value, bool) or value is None or isinstance(value, date):
        return (
            "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
        )
    if isinstance(value, (int, float, Decimal)):
        text = f"{value:,.2f}" if isinstance(value, Decimal) else f"{value:,}"
        return text.removesuffix(".0")
    return str(value)


def main() -> int:
    """Load the demo, build the models, write the page."""
    with TemporaryDirectory() as folder, Emulator(demo_world(TODAY)) as apple:
        warehouse = Warehouse(Path(folder) / "work")
        warehouse.load(apple)
        done = warehouse.models()
        if done.code:
            sys.stderr.write(done.out + done.err)
            return done.code
        with duckdb.connect(str(warehouse.file), read_only=True) as database:
            PAGE.write_text(page(database), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
