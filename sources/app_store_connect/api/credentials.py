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

from ..errors import CredentialsError

APPLE = "https://api.appstoreconnect.apple.com"
_PEM = re.compile(r"-----BEGIN ([A-Z ]*PRIVATE KEY)-----(.+?)-----END \1-----", re.DOTALL)
_LINE_ENDS = re.compile(r"\s+|\\+[nr]")
_KEY_LIKE = re.compile(r"[A-Za-z0-9+=]{40}")
_KEY_ID = re.compile(r"[A-Za-z0-9]{1,20}")
_KEY_FILE = re.compile(r"AuthKey_([A-Za-z0-9]{1,20})(?![A-Za-z0-9])", re.IGNORECASE)
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_ORIGIN = re.compile(r"https?://([a-z0-9.-]+|\[[0-9a-f:.]+\])(:[0-9]+)?", re.IGNORECASE)
_AMBIGUOUS = re.compile(r"[\\\s\x00-\x20\x7f-\x9f]")
_DEFAULT_PORTS = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True)
class Credentials:
    """A key that can sign, and the origin its tokens are for. An individual key has no issuer."""

    key_id: str
    issuer_id: str | None
    private_key: EllipticCurvePrivateKey = field(repr=False)
    base_url: str = APPLE

    @property
    def origin(self) -> str:
        """The origin that a token of this key may be sent to."""
        return origin_of(self.base_url)

    def is_same_key(self, other: "Credentials") -> bool:
        """Whether Apple takes both for one key, which has one budget."""
        return (self.key_id, self.issuer_id, self.private_key.private_numbers()) == (
            other.key_id,
            other.issuer_id,
            other.private_key.private_numbers(),
        )


def parse_credentials(
    *,
    key_id: str | None,
    private_key: str | None,
    issuer_id: str | None,
    base_url: str = APPLE,
    section: str = "sources.app_store_connect",
) -> Credentials:
    """Check the parts of the key in that section of the configuration.

    Raises:
        CredentialsError: a part is missing or malformed. The message never shows the key.
    """
    missing = [
        name
        for name, value in (("key_id", key_id), ("private_key", private_key))
        if not (value or "").strip()
    ]
    if missing or not key_id or not private_key:
        prefix = section.upper().replace(".", "__")
        variables = " and ".join(f"{prefix}__{name.upper()}" for name in missing)
        raise CredentialsError(
            f"the API key is not set: {' and '.join(missing)}; set {variables}, or write"
            f" {' and '.join(missing)} under"
            f" [{section}] in .dlt/secrets.toml (see secrets.toml.example){_of_team(issuer_id)}, or"
            " try --demo, which needs no key"
        )
    return Credentials(
        key_id=parse_key_id(key_id),
        issuer_id=parse_issuer_id(issuer_id),
        private_key=parse_private_key(private_key),
        base_url=parse_base_url(base_url),
    )


def _of_team(issuer_id: str | None) -> str:
    return "" if issuer_id else ", and issuer_id too for a team key"


def parse_key_id(text: str) -> str:
    """The key id, blanks around it aside.

    Raises:
        CredentialsError: it is not of the shape of one. What it is instead is said, but not shown.
    """
    text = text.strip()
    if _KEY_ID.fullmatch(text):
        return text
    if named := _KEY_FILE.search(text):
        found = f"holds the name of a key's file; the key id in that is {named[1]}"
    elif _UUID.fullmatch(text):
        found = "holds an issuer id; the two may be swapped"
    else:
        found = "holds a private key" if _is_key_like(text) else "is not a key id"
    raise CredentialsError(
        f"key_id {found}. A key id is letters and digits alone, ten as Apple gives them, such as"
        " 2X9R4HXF34; it stands beside the key in App Store Connect under Users and Access,"
        " Integrations"
    )


def parse_issuer_id(text: str | None) -> str | None:
    """The issuer id, blanks around it aside; None for an individual key, which has none.

    Raises:
        CredentialsError: it is not of the shape of one. What it is instead is said, but not shown.
    """
    text = (text or "").strip()
    if not text or _UUID.fullmatch(text):
        return text or None
    if _KEY_FILE.search(text):
        found = "holds the name of a key's file"
    elif _KEY_ID.fullmatch(text):
        found = "holds what may be a key id; the two may be swapped"
    else:
        found = "holds a private key" if _is_key_like(text) else "is not an issuer id"
    raise CredentialsError(
        f"issuer_id {found}. An issuer id is a UUID, 32 digits and letters from a to f with four"
        " hyphens; it stands above the list of keys in App Store Connect under Users and Access,"
        " Integrations. Leave it out for an individual key"
    )


def _is_key_like(text: str) -> bool:
    return "-----BEGIN" in text or bool(_KEY_LIKE.search(text))


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
    except TypeError:
        raise CredentialsError(
            "private_key is encrypted; give the .p8 file from App Store Connect as it came, without"
            " a passphrase"
        ) from None
    except (ValueError, UnsupportedAlgorithm):
        raise CredentialsError(  # from None: the cause may quote the key
            "private_key cannot be read as a private key; give the .p8 file from App Store Connect"
            " unchanged: its text, its text with \\n for line ends, its base64 body, or a path,"
            " which counts from the folder in which the job runs"
        ) from None
    if not isinstance(key, EllipticCurvePrivateKey) or not isinstance(key.curve, SECP256R1):
        raise CredentialsError(
            "private_key is a key of another kind; App Store Connect keys are EC P-256"
            " (AuthKey_<key id>.p8 from Users and Access, Integrations)"
        )
    return key


def _file_text(text: str) -> str | None:
    shown = "" if _KEY_LIKE.search(text) else f" {text}"
    try:
        path = Path(text).expanduser()
        if path.is_dir():
            raise CredentialsError(f"private_key names the folder{shown}; name the .p8 file in it")
        if path.is_file():
            return _content(path, shown)
    except (OSError, RuntimeError):  # too long for a name, no home, or not ours to look at
        pass
    if text.endswith((".p8", ".pem")):
        raise CredentialsError(
            f"private_key names the file{shown}, which does not exist; a path counts from the"
            f" folder in which the job runs, {Path.cwd()}"
        )
    return None


def _content(path: Path, shown: str) -> str:
    try:
        content = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise CredentialsError("private_key names a file that is not a .p8 text file") from None
    except OSError as error:
        raise CredentialsError(
            f"private_key names the file{shown}, which cannot be read: {error.strerror}; let the"
            " user that runs the job read it"
        ) from None
    if not content.strip():
        raise CredentialsError(
            f"private_key names the file{shown}, which is empty; give the .p8 file as it came from"
            " App Store Connect"
        )
    return content


def _clean_pem(text: str) -> bytes:
    """Rebuild line ends, which environment variables and YAML lose in many ways."""
    match = _PEM.search(text)
    if not match:
        raise ValueError("not PEM")
    label, body = match[1], _LINE_ENDS.sub("", match[2])
    return f"-----BEGIN {label}-----\n{body}\n-----END {label}-----\n".encode()


def _bare(text: str) -> object:
    try:
        decoded = base64.b64decode(_LINE_ENDS.sub("", text), validate=True)
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
    if not _ORIGIN.fullmatch(url) or not is_safe_transport(url):
        raise CredentialsError(
            "base_url must be https://host[:port], plain http on loopback only; leave it out to ask"
            f" {APPLE}"
        )
    return url


def is_safe_transport(url: str) -> bool:
    """Whether requests to `url` stay private: https, or this very machine."""
    scheme, host, _ = _parts_of(url)
    return bool(host) and (scheme == "https" or (scheme == "http" and _is_loopback(host)))


def origin_of(url: str) -> str:
    """Scheme, host and port, the port always named: what a token belongs to.

    What is no address has an origin that no address has.
    """
    scheme, host, port = _parts_of(url)
    if not host:
        return f"an address without a clear host ({scheme or 'no scheme'})"
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"


def _parts_of(url: str) -> tuple[str, str, int | None]:
    """Without a host where it is no address, or one that two libraries may read differently."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:  # half an IPv6 address, or a port that is none
        return "", "", None
    if _AMBIGUOUS.search(url) or "@" in parts.netloc:
        return parts.scheme, "", None
    if port is None:
        port = _DEFAULT_PORTS.get(parts.scheme)
    return parts.scheme, parts.hostname or "", port


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
