"""Neither what is printed nor what other libraries log gives a secret away."""

import json
import logging
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app_store_connect.redaction import (
    protect_logs,
    redacted,
    remember,
    start_with_environment,
    without_secrets,
)

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


CREDENTIALS = "destination.postgres.credentials"


@pytest.fixture(autouse=True)
def own_secrets() -> None:
    """No secret of another test is known."""
    start_with_environment()


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        (CREDENTIALS, "postgresql://u:Tr0ub4dor@h/db", "no host Tr0ub4dor"),
        (CREDENTIALS, "postgresql://u:Tr0ub%204dor@h/db", "'Tr0ub 4dor' or Tr0ub+4dor"),
        (CREDENTIALS, "postgresql://u:Tr0ub 4dor@h/db", "Tr0ub%204dor"),
        (CREDENTIALS, "postgresql://u:Tr0ub@4dor@h/db", 'no host "4dor@h", 4dor%40h'),
        (CREDENTIALS, "postgresql://u:a/b:4dor#c@h:1/db", "port b:4dor is none"),
        (CREDENTIALS, "postgres//u:Tr0ub4dor@h/db", "Tr0ub4dor"),
        (CREDENTIALS, "u:Tr0ub4dor@h/db", "Tr0ub4dor"),
        (CREDENTIALS, "host=h password=Tr0ub4dor", "Tr0ub4dor"),
        (CREDENTIALS, "host=h password='Tr0ub 4dor'", "Tr0ub 4dor"),
        (CREDENTIALS, "md:db?motherduck_token=Tr0ub4dor", "Tr0ub4dor"),
        (CREDENTIALS, "DRIVER=x;AccountKey=Tr0ub+4dor==;A=b", "Tr0ub+4dor=="),
        (CREDENTIALS, '{"host": "h", "password": "Tr0ub4dor"}', "Tr0ub4dor"),
        ("destination.filesystem.bucket_url", "s3://k:Tr0ub4dor@b", "Tr0ub4dor"),
        (f"{CREDENTIALS}.aws_secret_access_key", "Tr0ub/4dor+", "'Tr0ub%2F4dor%2B'"),
        (f"{CREDENTIALS}.password", 'Tr0ub"\\4dor', json.dumps('a Tr0ub"\\4dor')),
        (f"{CREDENTIALS}.password", "Tr\u00f6b4dor", ascii("Tr\u00f6b4dor")),
        (f"{CREDENTIALS}.private_key", "-----BEGIN X-----\nTr0ub4dor\n", "Tr0ub4dor"),
        (CREDENTIALS, "none", "mysql://u:Tr0ub4dor@h?a=1"),
        (CREDENTIALS, "none", "password=Tr0ub4dor and Signature=Tr0ub4dor"),
        (CREDENTIALS, "none", "token eyJhbGciOiJFUzI1NiJ9.eyJUcjB1YjRkb3Iifq.4dor"),
    ],
)
def test_secrets_are_masked(name: str, value: str, text: str) -> None:
    """In whatever form a setting holds it and a message shows it, or a piece of it."""
    remember(name, value)
    masked = without_secrets(text)

    assert "***" in masked
    assert [] == [each for each in ("Tr0ub", "4dor", "b4dor") if each in masked]


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        (CREDENTIALS, "postgresql://postgres:postgres@postgres/postgres", "destination postgres"),
        (f"{CREDENTIALS}.password", "postgres", "destination 'postgres'"),
        (CREDENTIALS, "postgresql://u:pw@h/db", "the pw in pwd"),
        (f"{CREDENTIALS}.password", "ledger", "ledgers and the_ledger"),
        ("destination.duckdb.credentials", "/data/apple.duckdb", "/data/apple.duckdb"),
        (f"{CREDENTIALS}.username", "loader", "user loader"),
        (f"{CREDENTIALS}.aws_access_key_id", "AKIA2X9R4HXF34", "AKIA2X9R4HXF34"),
        (CREDENTIALS, "none", "https://host:8443/a and x@y, see ftp://u@h"),
    ],
)
def test_other_words_stay(name: str, value: str, text: str) -> None:
    """What is no secret, or stands elsewhere in the setting, is shown."""
    remember(name, value)

    assert text == without_secrets(text)


@given(st.text(), st.sampled_from(["", "password=", "p://u:", "sig='", "?token="]), st.text())
def test_json_stays_json(before: str, between: str, after: str) -> None:
    """A text that is masked after it was written as JSON can still be read."""
    json.loads(without_secrets(json.dumps({"error": f"{before}{between}{after}@x", "n": [1]})))
