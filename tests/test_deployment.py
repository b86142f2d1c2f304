"""docs/deployment.md: what is ready to copy is accepted by the programs that it is for."""

import ast
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from app_store_connect.configuration.settings import Configuration
from asc_pipeline.cli.main import main
from tests.asking import StartApple
from tests.conftest import KEYS, Job, key_of
from tests.test_docs import PAGES, ROOT, blocks
from tests.worlds import overlapping_world

PAGE = PAGES["deployment"]
SYSTEMD = shutil.which("systemd-analyze")
UNITS = ("asc-segments.service", "asc-segments.timer")


def check_command(words: list[str]) -> None:
    """The words after the program's name are options that it takes."""
    command: click.Command = main
    if words and words[0] in main.commands:
        command, words = main.commands[words[0]], words[1:]
    command.make_context("asc-segments", words)


def commands_in(text: str) -> list[list[str]]:
    """The calls of the program in shell text."""
    found = re.findall(r"(?<![\w./-])(?:[\w./]*/)?asc-segments ([^>|&\"\n]*)", text)
    return [shlex.split(each) for each in found]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Stands for /srv/asc: a folder with the program in its .venv."""
    programs = tmp_path / "srv" / ".venv" / "bin"
    programs.mkdir(parents=True)
    (programs / "asc-segments").symlink_to(Path(sys.executable).with_name("asc-segments"))
    return tmp_path / "srv"


@pytest.mark.slow
def test_cron_lines_run(start_apple: StartApple, job: Job, folder: Path) -> None:
    """The first loads without a word, the second finds nothing late."""
    (text,) = blocks(PAGE, "cron")
    apple = start_apple(overlapping_world(days=2))
    for line in text.splitlines():
        *when, command = line.split(" ", 5)
        assert 5 == len([each for each in when if re.fullmatch(r"\*|\d+", each)])
        done = subprocess.run(
            ["/bin/sh", "-c", command.replace("/srv/asc", str(folder))],
            env=os.environ | key_of(apple),
            capture_output=True,
            text=True,
            check=False,
        )
        assert (0, "", "") == (done.returncode, done.stdout, done.stderr)

    assert (folder / "asc_segments.duckdb").exists()


@pytest.mark.skipif(not SYSTEMD, reason="systemd is not installed")
def test_systemd_units(folder: Path, tmp_path: Path) -> None:
    """systemd finds nothing wrong in them, and the program takes their options."""
    units = blocks(PAGE, "ini")
    for name, text in zip(UNITS, units, strict=True):
        assert f"`/etc/systemd/system/{name}`" in PAGE
        placed = text.replace("/srv/asc", str(folder)).replace("User=asc", "User=root")
        (tmp_path / name).write_text(placed)
    assert SYSTEMD
    done = subprocess.run(
        [SYSTEMD, "verify", "--man=no", *(str(tmp_path / name) for name in UNITS)],
        capture_output=True,
        text=True,
        check=False,
    )

    own = [line for line in done.stderr.splitlines() if "asc-segments" in line]
    assert (0, []) == (done.returncode, own)
    (words,) = commands_in(units[0])
    check_command(words)


def test_github_workflow() -> None:
    """Its settings are ones that are read, its steps take options that there are."""
    (text,) = blocks(PAGE, "yaml")
    workflow: dict[Any, Any] = yaml.safe_load(text)
    job = workflow["jobs"]["load"]
    calls = [words for step in job["steps"] for words in commands_in(step.get("run", ""))]

    names = {f"{KEYS}{each.upper()}" for each in Configuration.get_resolvable_fields()}
    names.add("DESTINATION__POSTGRES__CREDENTIALS")
    assert {"schedule", "workflow_dispatch"} == workflow[True].keys()  # YAML's word for `on`
    assert {"contents": "read"} == workflow["permissions"]
    assert 2 == len(calls)
    for words in calls:
        check_command(words)
    for name, value in job["env"].items():
        assert re.fullmatch(r"\$\{\{ secrets\.\w+ \}\}", value)
        assert name in names


def test_dockerfile() -> None:
    """It installs an extra that there is, and its command and those shown are ones to run."""
    (text,) = blocks(PAGE, "dockerfile")
    steps = [line.partition(" ")[::2] for line in text.splitlines() if line]
    given = dict(steps)
    project = (ROOT / "pyproject.toml").read_text()
    (shown,) = blocks(PAGE, "sh")

    assert ["FROM", "COPY", "RUN", "FROM"] == [step for step, _ in steps][:4]
    assert re.search(r"^postgres = ", project, re.MULTILINE)
    assert ["asc-segments"] == json.loads(given["ENTRYPOINT"])
    check_command(json.loads(given["CMD"]))
    for line in shown.splitlines():
        if match := re.search(r"--env-file asc\.env asc-segments ?(.*)", line):
            check_command(shlex.split(match[1]))


def text_of(node: ast.expr) -> str:
    """The text of a literal, with a number for each value that is filled in."""
    if isinstance(node, ast.JoinedStr):
        return "".join(text_of(each) for each in node.values)
    if isinstance(node, ast.FormattedValue):
        return "1"
    return str(node.value) if isinstance(node, ast.Constant) else ""


def test_airflow_dag() -> None:
    """It compiles, and its commands take options that there are."""
    (text,) = blocks(PAGE, "python")
    compile(text, "dag.py", "exec")
    strings = [text_of(node) for node in ast.walk(ast.parse(text)) if isinstance(node, ast.expr)]
    calls = [words for text in strings for words in commands_in(text)]

    assert 2 <= len(calls)
    for words in calls:
        if words[-1] not in ("--key", "--app-id"):  # the part of a text before a value
            check_command(words)
