"""What others wrote is shown, and steers no terminal."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asc_pipeline.text import printable


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("Größe 家族 \U0001f642", "Größe 家族 \U0001f642", id="any script"),
        pytest.param("one\r\n\ttwo", "one two", id="line ends"),
        pytest.param("\x1b[31mred\x07", "?[31mred?", id="escapes"),
        pytest.param("a\u202eb\u2066c", "a?b?c", id="changes of direction"),
        pytest.param("half \ud83d", "half ?", id="half a surrogate pair"),
    ],
)
def test_printable(text: str, expected: str) -> None:
    """Line ends become blanks, other controls question marks; all else stays."""
    assert expected == printable(text)


@pytest.mark.slow
@given(st.text())
def test_one_line(text: str) -> None:
    """Whatever comes, one line goes out, in which nothing steers."""
    assert len(printable(text).splitlines()) <= 1
    assert printable(text) == printable(printable(text))
