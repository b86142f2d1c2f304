"""The API key as users write it down: every shape that works, and none that shows the key."""

import base64
import re
import textwrap
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from app_store_connect.api.credentials import (
    APPLE,
    Credentials,
    is_safe_transport,
    origin_of,
    parse_base_url,
    parse_credentials,
    parse_private_key,
)
from app_store_connect.errors import CredentialsError


def pem_of(
    key: PrivateKeyTypes,
    form: PrivateFormat = PrivateFormat.PKCS8,
    encryption: KeySerializationEncryption | None = None,
) -> str:
    return key.private_bytes(Encoding.PEM, form, encryption or NoEncryption()).decode()


KEY = ec.generate_private_key(ec.SECP256R1())
PEM = pem_of(KEY)
BODY = "".join(PEM.splitlines()[1:-1])
SEC1 = pem_of(KEY, PrivateFormat.TraditionalOpenSSL)
PARAMETERS = "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"

SHAPES = {
    "PEM": PEM,
    "PEM with line ends of Windows": PEM.replace("\n", "\r\n"),
    "PEM with blanks around": f"\n  {PEM}\n\n",
    "PEM with backslash-n": PEM.replace("\n", "\\n"),
    "PEM with backslash-r-backslash-n": PEM.replace("\n", "\\r\\n"),
    "PEM escaped twice": PEM.replace("\n", "\\\\n"),
    "PEM on one line, blanks for line ends": PEM.replace("\n", " "),
    "PEM on one line, nothing for line ends": PEM.replace("\n", ""),
    "PEM indented as YAML does": textwrap.indent(PEM, "    "),
    "PEM in quotes": f'"{PEM}"',
    "PEM as openssl writes it, parameters first": PARAMETERS + SEC1,
    "base64": BODY,
    "base64 in lines": "\n".join(textwrap.wrap(BODY, 64)),
    "base64 with backslash-n": "\\n".join(textwrap.wrap(BODY, 64)),
    "base64 of the whole file": base64.b64encode(PEM.encode()).decode(),
}


@pytest.mark.parametrize("text", SHAPES.values(), ids=SHAPES.keys())
def test_key_is_read_in_every_shape(text: str) -> None:
    """Whatever an environment variable, YAML or TOML makes of the .p8, the same key comes out."""
    assert KEY.private_numbers() == parse_private_key(text).private_numbers()


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (PEM.encode(), "AuthKey_2X9R4HXF34.p8"),
        (PEM.replace("\n", "\r\n").encode(), "key.pem"),
        (BODY.encode(), "key without suffix"),
        (b"\xef\xbb\xbf" + BODY.encode(), "AuthKey.p8"),
    ],
    ids=["as downloaded", "saved on Windows", "bare base64", "bare base64 with a byte order mark"],
)
def test_key_is_read_from_a_path(content: bytes, name: str, tmp_path: Path) -> None:
    """A path to the .p8 does as well as its text."""
    path = tmp_path / name
    path.write_bytes(content)

    assert KEY.private_numbers() == parse_private_key(str(path)).private_numbers()


def test_key_path_may_begin_at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`~` in the path is the user's home folder."""
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "AuthKey.p8").write_text(PEM, encoding="ascii")

    assert KEY.private_numbers() == parse_private_key("~/AuthKey.p8").private_numbers()


OTHER_KINDS = {
    "RSA": pem_of(rsa.generate_private_key(public_exponent=65537, key_size=2048)),
    "EC P-384": pem_of(ec.generate_private_key(ec.SECP384R1())),
    "EC secp256k1": pem_of(ec.generate_private_key(ec.SECP256K1())),
    "Ed25519": pem_of(ed25519.Ed25519PrivateKey.generate()),
}


@pytest.mark.parametrize("text", OTHER_KINDS.values(), ids=OTHER_KINDS.keys())
def test_other_kinds_of_key_are_refused(text: str) -> None:
    """A key that Apple did not issue is refused before it is used, and told from a broken one."""
    with pytest.raises(CredentialsError, match="another kind; App Store Connect keys are EC P-256"):
        parse_private_key(text)


def test_encrypted_key_is_named_as_such() -> None:
    """Somebody who put a passphrase on the key learns that this is what is wrong."""
    text = pem_of(KEY, encryption=BestAvailableEncryption(b"secret"))

    with pytest.raises(CredentialsError, match="private_key is encrypted"):
        parse_private_key(text)


MALFORMED = {
    "last line cut off": PEM.removesuffix("-----END PRIVATE KEY-----\n"),
    "body cut short": PEM.replace(BODY[-20:], ""),
    "a letter changed": PEM.replace(BODY[:8], "NIGHAgEA"),
    "a letter that is not ASCII": PEM.replace(BODY[40:48], "MIGHägEA"),
    "base64 cut short": BODY[:-21],
    "base64 with a path's suffix": f"{BODY}.p8",
    "base64 with a blank character": f"{BODY[:50]}\x00{BODY[50:]}",
    "base64 with an umlaut": f"{BODY[:50]}ä{BODY[50:]}",
    "base64 of a broken file": base64.b64encode(f"-----BEGIN {BODY}ä".encode()).decode(),
    "certificate": PEM.replace("PRIVATE KEY", "CERTIFICATE"),
    "public key": KEY.public_key()
    .public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    .decode(),
    "old encryption": SEC1.replace(
        "KEY-----\n", "KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\n", 1
    ),
    "another base64 text": base64.b64encode(b"Lorem ipsum dolor sit amet" * 8).decode(),
    "a word": "hunter2",
}


@pytest.mark.parametrize("text", MALFORMED.values(), ids=MALFORMED.keys())
def test_malformed_key_is_never_shown(text: str) -> None:
    """The message says what to give instead; no part of the key is in it, nor in the traceback."""
    with pytest.raises(CredentialsError) as caught:
        parse_private_key(text)

    shown = "".join(traceback.format_exception(caught.value)).replace(repr(text), "")
    stretches = [text[start : start + 12] for start in range(len(text) - 11)]
    secret = [each for each in stretches if re.fullmatch(r"[A-Za-z0-9+/=]{12}", each)]
    assert [] == [each for each in secret if each in shown]
    assert "private_key" in str(caught.value)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: None, "names the file .*AuthKey.p8, which does not exist; a path counts"),
        (Path.mkdir, "names the folder .*AuthKey.p8; name the .p8 file in it"),
        (lambda path: path.write_bytes(b"\x30\x81\xff\xfe"), "names a file that is not a .p8 text"),
        (lambda path: path.write_bytes(b""), "names the file .*AuthKey.p8, which is empty"),
        (lambda path: path.write_bytes(b" \n"), "names the file .*AuthKey.p8, which is empty"),
    ],
    ids=["missing", "a folder", "binary", "empty", "blank"],
)
def test_bad_path_says_what_is_wrong_with_it(
    make: Callable[[Path], object], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A path that leads to no key is told apart from a malformed key."""
    monkeypatch.chdir(tmp_path)
    make(tmp_path / "AuthKey.p8")

    with pytest.raises(CredentialsError, match=message):
        parse_private_key("./AuthKey.p8")


ISSUER_ID = "69a6de70-03db-47e3-e053-5b8c7c11a4d1"


def parsed(**changes: str | None) -> Credentials:
    parts = {"key_id": "2X9R4HXF34", "private_key": PEM, "issuer_id": ISSUER_ID, **changes}
    return parse_credentials(**parts)  # type: ignore[arg-type]  # base_url is a str wherever given


@pytest.mark.parametrize(
    ("changes", "named", "not_named"),
    [
        ({"key_id": None}, ["KEY_ID"], ["PRIVATE_KEY"]),
        ({"key_id": "  "}, ["KEY_ID"], ["PRIVATE_KEY"]),
        ({"private_key": ""}, ["PRIVATE_KEY"], ["KEY_ID"]),
        ({"key_id": None, "private_key": None}, ["KEY_ID", "PRIVATE_KEY"], []),
    ],
    ids=["no key id", "blank key id", "no private key", "neither"],
)
def test_missing_part_is_named_with_its_variable(
    changes: dict[str, str | None], named: list[str], not_named: list[str]
) -> None:
    """The message has the environment variable to set for each missing part, and no other."""
    with pytest.raises(CredentialsError) as caught:
        parsed(**changes)

    variables = re.findall(r"SOURCES__APP_STORE_CONNECT__(\w+)", str(caught.value))
    assert named == variables
    assert not set(not_named) & set(variables)


@pytest.mark.parametrize("issuer_id", [None, "", "  "], ids=["absent", "empty", "blank"])
def test_key_without_issuer_is_an_individual_key(issuer_id: str | None) -> None:
    """An issuer id that holds nothing counts as none."""
    assert parsed(issuer_id=issuer_id).issuer_id is None


def test_blanks_around_the_ids_do_not_count() -> None:
    """Ids pasted with a line end work."""
    credentials = parsed(key_id=" 2X9R4HXF34\n", issuer_id=f"\t{ISSUER_ID} ")

    assert ("2X9R4HXF34", ISSUER_ID) == (credentials.key_id, credentials.issuer_id)


@pytest.mark.parametrize("key_id", ["2X9R4HXF34", "2x9r4hxf34", "KEY1", "A" * 20])
@pytest.mark.parametrize("issuer_id", [ISSUER_ID, ISSUER_ID.upper()])
def test_ids_of_the_right_shape(key_id: str, issuer_id: str) -> None:
    """Case and number of letters are Apple's to change."""
    credentials = parsed(key_id=key_id, issuer_id=issuer_id)

    assert (key_id, issuer_id) == (credentials.key_id, credentials.issuer_id)


def test_credentials_do_not_show_the_key() -> None:
    """Printing credentials tells who, never with what."""
    shown = repr(parsed())

    assert "2X9R4HXF34" in shown
    assert "private_key" not in shown


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        (APPLE, "https://api.appstoreconnect.apple.com:443"),
        (f" {APPLE}/ ", "https://api.appstoreconnect.apple.com:443"),
        ("https://proxy.example:8443", "https://proxy.example:8443"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://localhost", "http://localhost:80"),
        ("http://[::1]:8080", "http://[::1]:8080"),
    ],
    ids=["Apple", "slash and blanks", "another https host", "loopback", "localhost", "IPv6"],
)
def test_base_url_is_accepted(url: str, origin: str) -> None:
    """https anywhere and plain http on this machine may be asked; the origin names the port."""
    assert origin == parsed(base_url=url).origin


@pytest.mark.parametrize(
    "url",
    [
        "",
        "api.appstoreconnect.apple.com",
        "ftp://api.appstoreconnect.apple.com",
        "https://",
        "http://api.appstoreconnect.apple.com",
        "http://localhost.example.com",
        "http://127.0.0.1.example.com",
        "http://10.0.0.1",
        "https://api.appstoreconnect.apple.com/v1",
        "https://host?x=1",
        "https://host#x",
        "https://user:password@host",
        "https://host\\@elsewhere.example",
        "https://ho st",
        "https://host:port",
        "https://host:99999",
        "https://[::1",
    ],
)
def test_base_url_is_refused(url: str) -> None:
    """What is no address, or would send the token in the clear, is a configuration error."""
    with pytest.raises(CredentialsError, match="base_url must be https"):
        parse_base_url(url)


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("https://host/a?b", "https://HOST:443/c", True),
        ("http://host", "https://host", False),
        ("https://host", "https://host:8443", False),
        ("https://host", "https://host.example.com", False),
        ("https://host@elsewhere", "https://host", False),
        ("https://user@host", "https://host", False),
        ("https://host\\x", "https://host", False),
        ("https://host:0", "https://host", False),
        ("https://host:99999", "https://host", False),
        ("https://[::1", "https://host", False),
        ("/v1/apps", "https://host", False),
    ],
    ids=str,
)
def test_origins_are_compared_whole(one: str, other: str, is_same: bool) -> None:
    """Scheme, host and port make the origin; what cannot be read has none that is anybody's."""
    assert is_same == (origin_of(one) == origin_of(other))


@pytest.mark.parametrize(
    "url",
    [
        *("https://[::1", "http://[::1", "https:///path", "//host", ""),
        *("http://elsewhere\\@localhost/", "https://host/a\\b", "http://user@localhost/"),
        *("https://host/a b", "http://local\thost/", "https://host/\x1b", "\nhttps://host/"),
    ],
    ids=ascii,
)
def test_unreadable_address_is_not_safe(url: str) -> None:
    """Nothing is sent to an address that cannot be read, or that libraries read differently."""
    assert not is_safe_transport(url)
