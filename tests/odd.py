"""An App Store Connect whose answers are edited on their way, and accounts that it makes odd."""

import dataclasses
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from asc_pipeline.emulator.server.wire import Answer, Request
from tests.emulator import Emulator, World

HUGE = "@huge@"
"""Stands for a number of 5,000 digits, which Python neither reads nor writes as an integer."""

Edit = Callable[[dict[str, Any]], object]


@dataclass
class OddApple(Emulator):
    """`edits` change the documents of paths that end so; `rate_limit` replaces that header."""

    world: World
    edits: dict[str, Edit] = field(default_factory=dict)
    rate_limit: str | None = None

    def __post_init__(self) -> None:
        super().__init__(self.world)

    def answer_api(self, request: Request) -> Answer:
        answer = super().answer_api(request)
        headers = [
            (name, self.rate_limit if self.rate_limit and name == "X-Rate-Limit" else value)
            for name, value in answer.headers
        ]
        body = answer.body
        for end, edit in self.edits.items():
            if request.path.endswith(end):
                document = json.loads(body)
                edit(document)
                body = json.dumps(document).replace(f'"{HUGE}"', "9" * 5000).encode()
        return dataclasses.replace(answer, body=body, headers=tuple(headers))


def first(name: str, value: Any) -> Edit:
    """Of the first item of a list an attribute has this value, or its `id`."""

    def edit(document: dict[str, Any]) -> None:
        item = document["data"][0]
        (item if name == "id" else item["attributes"])[name] = value

    return edit


def beside(kind: str, **attributes: Any) -> Edit:
    """One more item at the beginning of a list."""
    item = {"type": kind, "id": "new-at-apple", "attributes": attributes}
    return lambda document: document["data"].insert(0, item)
