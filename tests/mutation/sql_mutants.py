"""Mutants of the SQL in a module's strings, which mutation tools for Python leave as they are.

    python tests/mutation/sql_mutants.py \\
        sources/app_store_connect/views/statements.py tests/test_views.py

Tries each in a copy of the checkout, with all tests that are named, and prints those that
they do not notice. That is a list of questions: some mutants change nothing that can be seen.
"""

import argparse
import ast
import itertools
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
SQL = re.compile(r"\b(select|from raw|where|create or|drop view|coalesce)\b")
END = r"(?= and |\n|\"|$| group| order| then)"
RULES: list[tuple[str, str | Callable[[re.Match[str]], str]]] = [
    *[(rf"\b{one}\(", f"{other}(") for one, other in [("max", "min"), ("min", "max")]],
    *[(rf"\b{one}\(", f"{other}(") for one, other in [("sum", "max"), ("count", "max")]],
    (r"\bfirst_value\b", "last_value"),
    (r"\blag\((?=\w+\.)", "lead("),
    (r"\bextract\(year", "extract(month"),
    (r"\bextract\(month", "extract(year"),
    (r"\bfloor\(", "ceil("),
    (r"\bcurrent_date\b", "(current_date - 1)"),
    (r"\bdistinct ", ""),
    (r" desc\b", " asc"),
    (r"\bleft join\b", "join"),
    (r"(?<!left )\bjoin\b", "left join"),
    (r"\bnot in\b", "in"),
    (r"(?<!not) in (?=[(:])", " not in "),
    (r"\bis null\b", "is not null"),
    (r" not like ", " like "),
    (r" like ", " not like "),
    (r" escape '[^']+'", ""),
    (r"(?<=[\w}]) = (?=[\w:'{(])", " <> "),
    *[(f" {one} ", f" {other} ") for one, other in [(">=", ">"), (">", ">="), ("<=", "<")]],
    (r"(?<=[\w)]) - (?=[\w(])", " + "),
    (r"(?<=[\w)]) \+ (?=[\w(])", " - "),
    (r"(?<=[\w)]) \* (?=[\w(])", " + "),
    (r"(?<=[\w)]) / (?=[\w(])", " * "),
    (r"\b(\d+)\b", lambda number: str(int(number[1]) + 1)),
    (r"\{([A-Z]+_DAYS)\}", r"{\1 + 1}"),
    (r"\{([A-Z]+_DAYS)\}", r"{\1 - 1}"),
    (r"\bcoalesce\(([^,()]+), [^()]*\)", r"\1"),
    (r"\bcoalesce\([^,()]+, ([^()]*)\)", r"\1"),
    (r"\bcase when ([^\n]*?) then ([\w.]+)( else \w+)? end", r"\2"),
    (rf"\bwhere (?!exists)[^\n\"]*?{END}", "where true"),
    (rf"\band [^\n\"]*?{END}", ""),
    (rf"(?<= on )[^\n\"]*?{END}", "true"),
    (r"(?<= by )[\w.{}]+( desc)?, ", ""),
    (r"(?<= by )([\w.{} ,]+), [\w.{}]+( desc)?", r"\1"),
    (r"\border by [\w.{}, ]+", ""),
]


@dataclass(frozen=True)
class Mutant:
    """`source` is the whole module with one place changed."""

    line: int
    old: str
    new: str
    source: str


def mutants(source: str) -> Iterator[Mutant]:
    """All that can still be compiled, each once."""
    seen = {source}
    for start, end in _statements(source):
        for pattern, replacement in RULES:
            for found in re.finditer(pattern, source[start:end]):
                new = (
                    found.expand(replacement)
                    if isinstance(replacement, str)
                    else replacement(found)
                )
                at = start + found.start()
                changed = source[:at] + new + source[start + found.end() :]
                if changed not in seen and _compiles(changed):
                    yield Mutant(source.count("\n", 0, at) + 1, found[0], new, changed)
                seen.add(changed)


def _compiles(source: str) -> bool:
    try:
        compile(source, "mutant", "exec")
    except SyntaxError:
        return False
    return True


def _statements(source: str) -> list[tuple[int, int]]:
    """Where the strings are that hold SQL; docstrings and parts of other strings are left out."""
    tree = ast.parse(source)
    lines = source.splitlines(keepends=True)
    starts = [0, *itertools.accumulate(map(len, lines))]
    left_out: set[int] = set()
    found = []
    for each in ast.walk(tree):
        if isinstance(each, ast.Expr):
            left_out.add(id(each.value))
        if isinstance(each, ast.JoinedStr):
            left_out |= {id(part) for part in each.values}
        if isinstance(each, (ast.JoinedStr, ast.Constant)) and id(each) not in left_out:
            start, end = (
                starts[line - 1] + len(lines[line - 1].encode()[:column].decode())
                for line, column in (
                    (each.lineno, each.col_offset),
                    (each.end_lineno or 0, each.end_col_offset or 0),
                )
            )
            if source[start] in "f\"'" and SQL.search(source, start, end):
                found.append((start, end))
    return found


def is_noticed(tree: Path, tests: list[str], timeout_seconds: float) -> bool:
    """Whether a test fails, or does not end, with the package as it is in `tree`."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests]
    packages = os.pathsep.join(str(tree / each) for each in ("sources", "pipelines"))
    paths = {"PYTHONPATH": packages, "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        ended = subprocess.run(
            command,
            cwd=tree,
            env={**os.environ, **paths},
            stdout=subprocess.DEVNULL,
            timeout=timeout_seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return True
    return ended.returncode != 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("module", type=Path, help="the file, as its path from the checkout")
    parser.add_argument("tests", nargs="+", help="what pytest is to run")
    parser.add_argument("--timeout", type=float, default=300, help="seconds for each mutant")
    options = parser.parse_args()
    source = (ROOT / options.module).read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as room:
        tree = Path(room, "checkout")
        shutil.copytree(ROOT, tree, ignore=shutil.ignore_patterns(".*", "__pycache__"))
        if is_noticed(tree, options.tests, options.timeout):
            sys.exit("the tests fail without any mutant")
        tried = survived = 0
        for mutant in mutants(source):
            tried += 1
            (tree / options.module).write_text(mutant.source, encoding="utf-8")
            if not is_noticed(tree, options.tests, options.timeout):
                survived += 1
                place = f"{options.module}:{mutant.line}"
                print(f"{place}: {mutant.old!r} -> {mutant.new!r}", flush=True)  # noqa: T201  its output
    print(f"{tried} tried, {survived} survived")  # noqa: T201  its output


if __name__ == "__main__":
    main()
