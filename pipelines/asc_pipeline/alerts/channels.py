"""Sends a message to addresses of apprise: chat, mail, pager."""

import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from app_store_connect.errors import ConfigurationError, to_install

TIMEOUT_SECONDS = 10
_NEXT_STEP = "asc-segments notify --test --debug shows more"


def send(urls: Sequence[str], title: str, text: str, attachments: Sequence[Path] = ()) -> list[str]:
    """Send to every address at the same time; returns a notice for each that failed. Services that
    take no attachments get the text alone.

    Raises:
        ConfigurationError: apprise is not installed.
    """
    channels = [_channel(url) for url in urls]
    results: dict[int, bool] = {}

    def deliver(number: int) -> None:
        if channel := channels[number]:
            files = [str(each) for each in attachments] or None
            results[number] = bool(
                channel.notify(title=title, body=text, body_format="text", attach=files)
            )

    # daemons: a channel that hangs keeps no process from ending
    threads = [
        threading.Thread(target=deliver, args=(number,), daemon=True)
        for number in range(len(channels))
    ]
    for each in threads:
        each.start()
    deadline = time.monotonic() + TIMEOUT_SECONDS
    for each in threads:
        each.join(max(0.0, deadline - time.monotonic()))
    return [
        f"the message did not reach {_name(number, url)}: {_why(channels[number], results, number)}"
        for number, url in enumerate(urls)
        if not results.get(number)
    ]


def _channel(url: str) -> Any:
    """None for an address that apprise does not know."""
    try:
        from apprise import Apprise, AppriseAsset
    except ImportError:
        raise ConfigurationError(
            f"alerts.urls need apprise, which is not installed here: {to_install('notify')}"
        ) from None
    asset = AppriseAsset(app_id="asc-segments", app_desc="App Store Connect reports")
    channel = Apprise(asset=asset)
    return channel if channel.add(url) else None


def _name(number: int, url: str) -> str:
    """The rest of the address is a secret."""
    scheme = url.partition(":")[0]
    return f"address {number + 1} of alerts.urls ({scheme if scheme.isalnum() else 'no address'})"


def _why(channel: Any, results: dict[int, bool], number: int) -> str:
    if channel is None:
        return "apprise does not know this form of address; correct it"
    if number not in results:
        return f"no answer in {TIMEOUT_SECONDS} seconds; check the network"
    return f"it was refused; {_NEXT_STEP}"
