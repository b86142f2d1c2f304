"""Looks for report files that the loader misreads or chokes on, guided by coverage.

Atheris is no dependency of the tests. In an environment of its own, in an empty folder:

    pip install atheris
    python .../tests/fuzz/fuzz_tsv.py --seeds corpus
    python .../tests/fuzz/fuzz_tsv.py corpus -max_total_time=1200 -max_len=600 -dict=corpus.dict
"""

import gzip
import sys
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).parents[2]))
with atheris.instrument_imports(include=["app_store_connect"]):
    from tests.fuzz.tsv_check import HEADERS, check

WORDS = r"""
\x09 , \x0a \x0d \x0d\x0a \x22 \x22\x22 \x09\x22 \x22\x09 \x22\x0a \x0a\x22 \x00 \xff
\xef\xbb\xbf \xe2\x80\xa8 \xc2\x85 \x0b \x0c \x1a \x1f\x8b\x08 Date Counts date
2026-11-20 0000-01-01 9999-12-31 9223372036854775808 1e5 -0 +1 0x1 NaN inf .5 1. 0.0000000001
"""


def write_seeds(folder: Path) -> None:
    """A case for each header, whole, in members and in blocks, and the words of a file."""
    folder.mkdir()
    row = b'2026-11-20\t"say ""hi"""\t7\n2026-13-01\t"a\nb\tc"\tx\n\t5" disk\t\n'
    for number in range(len(HEADERS) * 4):
        choice = bytes([number % 4, number % len(HEADERS), 20 if number % 2 else 255, number])
        (folder / f"seed-{number}").write_bytes(choice + row)
    raw = gzip.compress(HEADERS[1] + row) + gzip.compress(b"2026-11-20\tUS\t1\n")
    (folder / "seed-raw").write_bytes(b"\x80\0\0\0" + raw)
    folder.with_suffix(".dict").write_text("".join(f'"{word}"\n' for word in WORDS.split()))


def main() -> None:
    if sys.argv[1:2] == ["--seeds"]:
        write_seeds(Path(sys.argv[2]))
        return
    atheris.Setup(sys.argv, check)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
