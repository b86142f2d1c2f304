"""What the fuzzer found stays found, and the target still works without the fuzzer."""

from pathlib import Path

import pytest

from tests.fuzz.tsv_check import HEADERS, SCHEMAS, check

FINDINGS = sorted((Path(__file__).parents[1] / "samples" / "fuzz-tsv").iterdir())


@pytest.mark.parametrize("path", FINDINGS, ids=lambda path: path.stem)
def test_findings(path: Path) -> None:
    """Bytes that the loader once misread are read, or refused, as they should be."""
    check(path.read_bytes())


@pytest.mark.parametrize("schema", range(len(SCHEMAS)))
@pytest.mark.parametrize("header", range(len(HEADERS)))
def test_target(schema: int, header: int) -> None:
    """Every schema with every header, in blocks and members that end in the middle of a row."""
    body = b'2026-11-20\t"say ""hi"""\t7\n2026-13-01\t"a\nb\tc"\tx\n'
    for block in (1, 7, 255):
        check(bytes([schema, header, block, 33]) + body)
