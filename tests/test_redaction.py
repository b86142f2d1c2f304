"""What other libraries log does not give a signed URL away."""

import logging
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app_store_connect.redaction import protect_logs, redacted

URL = "https://store.example.com/reports/1/0.csv.gz"
SIGNED = f"{URL}?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=5ecre7"
SAFE = f"{URL}?(query removed)"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(SIGNED, SAFE, id="alone"),
        pytest.param(f"GET {SIGNED} HTTP/1.1", f"GET {SAFE} HTTP/1.1", id="in a line"),
        pytest.param(f"['{SIGNED}', 1]", f"['{SAFE} 1]", id="quoted"),
        pytest.param(f"{SIGNED}\n{SIGNED}", f"{SAFE}\n{SAFE}", id="twice"),
        pytest.param(SIGNED.lower(), SAFE, id="lower case"),
        pytest.param(f"{URL}?Expires=1&Signature=5ecre7", SAFE, id="cdn"),
        pytest.param(f"{URL}?sig=5ecre7&se=2026", SAFE, id="another store's"),
        pytest.param(f"{URL}?name='a'&X%2DAmz%2DSignature=5ecre7", SAFE, id="apostrophes"),
        pytest.param("why? X-Amz-Date is fine", "why? X-Amz-Date is fine", id="not a query"),
    ],
)
def test_redacted(text: str, expected: str) -> None:
    """The query of a URL is cut off, however it is signed."""
    assert redacted(text) == expected


@given(before=st.text(), after=st.text(), value=st.text("abcdef0123456789%", min_size=8))
def test_a_signature_never_stays(before: str, after: str, value: str) -> None:
    """Whatever stands around a signed URL, its signature is gone."""
    text = f"{before}?Expires=300&Signature={value} {after}"

    assert f"Signature={value}" not in redacted(text)


@pytest.mark.parametrize(
    ("message", "arguments"),
    [
        pytest.param("%s %s", ("GET", SIGNED), id="an argument"),
        pytest.param("%r", (ValueError(SIGNED),), id="an exception"),
        pytest.param("%(url)s", ({"url": SIGNED},), id="a mapping"),
        pytest.param(SIGNED.replace("%", "%%"), (), id="the message"),
    ],
)
@pytest.mark.parametrize("name", ["connectionpool", "connection", "poolmanager", "util.retry"])
def test_log_records_are_rewritten(
    caplog: pytest.LogCaptureFixture,
    name: str,
    message: str,
    arguments: tuple[str | Exception | Mapping[str, str], ...],
) -> None:
    """A signature is removed from a record wherever in it it stands; doing it twice is harmless."""
    protect_logs()
    protect_logs()
    caplog.set_level(logging.DEBUG, logger=f"urllib3.{name}")

    logging.getLogger(f"urllib3.{name}").debug(message, *arguments)

    assert "5ecre7" not in caplog.text
    assert "(query removed)" in caplog.text


def test_other_records_stay_as_they_are(caplog: pytest.LogCaptureFixture) -> None:
    """A record without a signature keeps its message and its arguments."""
    protect_logs()
    caplog.set_level(logging.DEBUG, logger="urllib3.connectionpool")

    logging.getLogger("urllib3.connectionpool").debug("%s of %d", "one", 2)

    assert [(record.msg, record.args) for record in caplog.records] == [("%s of %d", ("one", 2))]
