"""Makes one HTML file from the content: scripts, styles and data lie inside it."""

import base64
import gzip
import hashlib
import json
from collections.abc import Mapping
from html import escape
from pathlib import Path
from string import Template
from typing import Any

from app_store_connect.errors import ConfigurationError, to_install

_ASSETS = Path(__file__).with_name("assets")


def page_of(content: Mapping[str, Any], title: str) -> str:
    """The page. Its policy lets a browser run these scripts alone, and load nothing.

    Raises:
        ConfigurationError: the extra is not installed.
    """
    own = "\n".join(_asset(f"{name}.js") for name in ("charts", "sums", "elements", "page"))
    scripts = [_vega(), own]
    page = Template(_asset("page.html"))
    return page.substitute(
        title=escape(title),
        policy=" ".join(f"'{_hash(script)}'" for script in scripts),
        style=_asset("style.css"),
        data=packed(content),
        scripts="\n".join(f"<script>{script}</script>" for script in scripts),
    )


def packed(content: Mapping[str, Any]) -> str:
    """JSON, compressed, in letters and digits: no text in it can end the script element."""
    text = json.dumps(content, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return base64.b64encode(gzip.compress(text.encode(), compresslevel=6, mtime=0)).decode()


def _asset(name: str) -> str:
    return (_ASSETS / name).read_text(encoding="utf-8")


def _vega() -> str:
    """Vega, Vega-Lite and Vega-Embed as one script."""
    try:
        from vl_convert import javascript_bundle
    except ImportError as error:
        raise ConfigurationError(
            f"vl-convert is not installed here: {to_install('dashboard')}"
        ) from error
    bundle = javascript_bundle("window.vegaEmbed = vegaEmbed;")
    return bundle.replace("</script", "<\\/script").replace("<!--", "<\\!--")


def _hash(script: str) -> str:
    digest = hashlib.sha256(script.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"
