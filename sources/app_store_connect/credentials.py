"""The API key, as users write it down, checked before anything is asked of Apple."""

import base64
import binascii
import re
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import load_der_private_key, load_pem_private_key

from app_store_connect.errors import CredentialsError

APPLE = "https://api.appstoreconnect.apple.com"
_PEM = re.compile(r"-----BEGIN ([A-Z ]+)-----(.+?)-----END \1-----", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Credentials:
    """A key that can sign, and the one origin its tokens are for. `issuer_id` is None for an individual key."""

    key_id: str
    issuer_id: str | None
    private_key: EllipticCurvePrivateKey = field(repr=False)
    base_url: str = APPLE

    @property
    def origin(self) -> str:
        return origin_of(self.base_url)


def parse_credentials(
    *, key_id: str | None, private_key: str | None, issuer_id: str | None, base_url: str = APPLE
) -> Credentials:
    """Check what the configuration holds.

    Raises:
        CredentialsError: a part is missing or malformed. The message never shows the key.
    """
    missing = [
        name
        for name, value in (("key_id", key_id), ("private_key", private_key))
        if not (value or "").strip()
    ]
    if missing or not key_id or not private_key:
        variables = " and ".join(f"SOURCES__APP_STORE_CONNECT__{name.upper()}" for name in missing)
        raise CredentialsError(
            f"{' and '.join(missing)} of the API key is not set; set {variables}, or write it under"
            " [sources.app_store_connect] in .dlt/secrets.toml (see secrets.toml.example), or try"
            " --demo, which needs no key"
        )
    return Credentials(
        key_id=key_id.strip(),
        issuer_id=(issuer_id or "").strip() or None,
        private_key=parse_private_key(private_key),
        base_url=parse_base_url(base_url),
    )


def parse_private_key(text: str) -> EllipticCurvePrivateKey:
    """Read a `.p8` in any of its four shapes: PEM, PEM with `\\n` escapes, bare base64, or a path.

    Raises:
        CredentialsError: it is none of these, or not an EC P-256 key, which is what Apple issues.
    """
    text = text.strip()
    if "-----BEGIN" not in text and (found := _file_text(text)) is not None:
        text = found.strip()
    try:
        key = load_pem_private_key(_clean_pem(text), None) if "-----BEGIN" in text else _bare(text)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise CredentialsError(  # from None: the cause may quote the key
            "private_key cannot be read as a private key; give the .p8 file from App Store Connect"
            " unchanged: its text, its text with \\n for line ends, its base64 body, or a path to it"
        ) from None
    if not isinstance(key, EllipticCurvePrivateKey) or not isinstance(key.curve, SECP256R1):
        raise CredentialsError(
            "private_key is a key of another kind; App Store Connect keys are EC P-256"
            " (AuthKey_<key id>.p8 from Users and Access, Integrations)"
        )
    return key


def _file_text(text: str) -> str | None:
    try:
        path = Path(text).expanduser()
        if path.is_file():
            return path.read_text(encoding="ascii")
    except (OSError, RuntimeError):  # too long for a name, no home, or not ours to read
        pass
    except UnicodeDecodeError:
        raise CredentialsError("private_key names a file that is not a .p8 text file") from None
    if text.endswith((".p8", ".pem")):
        raise CredentialsError(f"private_key names the file {text}, which cannot be read")
    return None


def _clean_pem(text: str) -> bytes:
    """Rebuild line ends, which environment variables and YAML lose in many ways."""
    match = _PEM.search(text.replace("\\r", "").replace("\\n", "\n"))
    if not match:
        raise ValueError("not PEM")
    label, body = match[1], "".join(match[2].split())
    return f"-----BEGIN {label}-----\n{body}\n-----END {label}-----\n".encode()


def _bare(text: str) -> object:
    try:
        decoded = base64.b64decode("".join(text.replace("\\n", "").split()), validate=True)
    except binascii.Error:
        raise ValueError("not base64") from None
    if decoded.startswith(b"-----BEGIN"):
        return load_pem_private_key(_clean_pem(decoded.decode("ascii")), None)
    return load_der_private_key(decoded, None)


def parse_base_url(url: str) -> str:
    """Accept https, and plain http for loopback hosts; nothing but scheme, host and port.

    Raises:
        CredentialsError: tokens would travel unencrypted, or the address is not one.
    """
    url = url.strip().rstrip("/")
    if not re.fullmatch(r"https?://[^/?#@\s]+", url) or not is_safe_transport(url):
        raise CredentialsError(
            f"base_url must be https://host[:port], plain http on loopback only; leave it out to ask"
            f" {APPLE}"
        )
    return url


def is_safe_transport(url: str) -> bool:
    """Whether what is sent to `url` stays private: https, or this very machine."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    return bool(host) and (parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(host)))


def origin_of(url: str) -> str:
    """Scheme, host and port, the port always named: what a token belongs to."""
    parts = urlsplit(url)
    port = parts.port or {"https": 443, "http": 80}.get(parts.scheme)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{parts.scheme}://{host}:{port}"


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
