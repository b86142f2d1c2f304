"""Text for people: what Apple, a store or a destination says must not steer their terminal."""

import re

_BREAKS = re.compile(r"[\t-\r\x85\u2028\u2029]+")
_CONTROLS = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)


def printable(text: str) -> str:
    """One line without control characters: escapes, other line ends, changes of direction."""
    return _CONTROLS.sub("?", _BREAKS.sub(" ", text))
