"""Advice in messages."""

import shlex
import sys
from pathlib import Path

import pytest

from app_store_connect.errors import to_install

PYTHON = shlex.quote(sys.executable)


@pytest.mark.parametrize(
    ("receipt", "expected"),
    [
        ("uv-receipt.toml", "uv tool install --with 'dlt[snowflake]' dlt-app-store-connect"),
        ("pipx_metadata.json", "pipx inject dlt-app-store-connect 'dlt[snowflake]'"),
        ("pyvenv.cfg", f"{PYTHON} -m pip install 'dlt[snowflake]'"),
    ],
)
def test_extras_are_added_by_what_made_the_environment(
    receipt: str, expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """uv and pipx leave a file in the environments that they make for a command."""
    (tmp_path / receipt).touch()
    monkeypatch.setattr(sys, "prefix", str(tmp_path))

    assert expected == to_install("snowflake", "dlt")


def test_extras_where_there_is_no_pip(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment that uv made has no pip of its own."""
    monkeypatch.setattr("app_store_connect.errors.find_spec", lambda name: None)

    assert f"uv pip install --python {PYTHON} 'dlt[snowflake]'" == to_install("snowflake", "dlt")
