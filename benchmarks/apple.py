"""A light App Store Connect and its store, in a process of their own: `python -m benchmarks.apple`.

The bundled emulator checks every token and signature in Python, on a core that the job needs. This
one answers what it worked out beforehand, and sends files with `sendfile`. With `--lenient` it
takes a token without "Bearer", and one at the store, which the bundled one refuses as Apple does.
"""

import argparse
import asyncio
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

SIGNATURE = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Expires=300&X-Amz-Signature=" + "0" * 64
_NO_SUCH = b'{"errors":[{"status":"404","code":"NOT_FOUND","title":"no such resource"}]}'
Item = dict[str, Any]


@dataclass(slots=True)
class Counter:
    """Requests under way and so far."""

    now: int = 0
    most: int = 0
    total: int = 0

    def __enter__(self) -> None:
        self.now += 1
        self.total += 1
        self.most = max(self.most, self.now)

    def __exit__(self, *error: object) -> None:
        self.now -= 1


@dataclass(slots=True)
class Apple:
    """Answers for a world; the store's paths begin with `/store/`."""

    budget: int
    api_seconds: float
    store_seconds: float
    is_lenient: bool = False
    lists: dict[str, list[Item]] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    api: Counter = field(default_factory=Counter)
    store: Counter = field(default_factory=Counter)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, kept alive until the client leaves."""
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                await self._answer(head.decode("latin-1"), writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _answer(self, head: str, writer: asyncio.StreamWriter) -> None:
        target = urlsplit(head.split(" ", 2)[1])
        scheme = "" if self.is_lenient else " bearer"
        has_token = f"\r\nauthorization:{scheme}" in head.lower()
        if target.path == "/statistics":
            counts = {"requests": self.api.total, "api": self.api.most, "store": self.store.most}
            _send(writer, 200, json.dumps(counts).encode())
        elif target.path.startswith("/store/"):
            with self.store:
                await asyncio.sleep(self.store_seconds)
                is_signed = "X-Amz-Signature=" in target.query
                is_signed = is_signed and (self.is_lenient or not has_token)
                await self._send_file(self.files[target.path] if is_signed else "", writer)
        else:
            with self.api:
                await asyncio.sleep(self.api_seconds)
                self._send_page(target.path, parse_qs(target.query), has_token, writer)
        await writer.drain()

    def _send_page(
        self, path: str, query: dict[str, list[str]], has_token: bool, writer: asyncio.StreamWriter
    ) -> None:
        rest = f"user-hour-lim:{self.budget};user-hour-rem:{self.budget - self.api.total};"
        items = self.lists.get(path) if has_token else None
        if items is None or self.api.total > self.budget:
            _send(writer, 404 if has_token else 401, _NO_SUCH, rest)
            return
        items = _filtered(items, query)
        start, limit = int(query.get("cursor", ["0"])[0]), int(query.get("limit", ["50"])[0])
        links = {"self": path}
        if len(items) > start + limit:
            rest_of_list = query | {"cursor": [str(start + limit)], "limit": [str(limit)]}
            links["next"] = f"{path}?{urlencode(rest_of_list, doseq=True)}"
        paging = {"total": len(items), "limit": limit}
        data = items[start : start + limit]
        document = {"data": data, "links": links, "meta": {"paging": paging}}
        _send(writer, 200, json.dumps(document).encode(), rest)

    async def _send_file(self, name: str, writer: asyncio.StreamWriter) -> None:
        if not name:
            _send(writer, 403, b"<Error><Code>AccessDenied</Code></Error>")
            return
        with Path(name).open("rb") as file:
            size = Path(name).stat().st_size
            writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n".encode())
            await writer.drain()
            await asyncio.get_running_loop().sendfile(writer.transport, file)


def _send(writer: asyncio.StreamWriter, status: int, body: bytes, rest: str = "") -> None:
    limit = f"X-Rate-Limit: {rest}\r\n" if rest else ""
    head = f"HTTP/1.1 {status} -\r\nContent-Type: application/json\r\n{limit}"
    writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)


def _filtered(items: list[Item], query: dict[str, list[str]]) -> list[Item]:
    """By the filters that the loaders use on the lists of a benchmark."""
    if wanted := query.get("filter[id]"):
        items = [item for item in items if item["id"] in wanted[0].split(",")]
    for name in ("name", "granularity"):
        if wanted := query.get(f"filter[{name}]"):
            items = [item for item in items if item["attributes"][name] in wanted[0].split(",")]
    return items


def _item(kind: str, item_id: str, **attributes: Any) -> Item:
    return {"type": kind, "id": item_id, "attributes": attributes}


def load(apple: Apple, world: dict[str, Any], origin: str) -> None:
    """Work out all lists beforehand."""
    lists = apple.lists
    lists["/v1/apps"] = [
        _item("apps", app, name=f"App {app}", bundleId=f"com.example.a{app}", sku=app)
        for app in world["apps"]
    ]
    for app in world["apps"]:
        request = _item(
            "analyticsReportRequests",
            f"request-{app}",
            accessType="ONGOING",
            stoppedDueToInactivity=False,
        )
        lists[f"/v1/apps/{app}/analyticsReportRequests"] = [request]
        lists[f"/v1/analyticsReportRequests/request-{app}/reports"] = []
    for instance in world["instances"]:
        _load_instance(apple, instance, origin)


def _load_instance(apple: Apple, instance: dict[str, Any], origin: str) -> None:
    lists = apple.lists
    report_id = f"report-{instance['app_id']}-{instance['report'].replace(' ', '-')}"
    instances = f"/v1/analyticsReports/{report_id}/instances"
    if instances not in lists:
        lists[instances] = []
        report = _item(
            "analyticsReports", report_id, name=instance["report"], category=instance["category"]
        )
        lists[f"/v1/analyticsReportRequests/request-{instance['app_id']}/reports"].append(report)
    processed = instance["processed"]
    lists[instances].append(
        _item(
            "analyticsReportInstances",
            instance["id"],
            granularity="DAILY",
            processingDate=processed,
        )
    )
    segments = lists[f"/v1/analyticsReportInstances/{instance['id']}/segments"] = []
    for number, segment in enumerate(instance["segments"]):
        path = f"/store/{instance['id']}-{number:04}.csv.gz"
        apple.files[path] = segment["file"]
        segments.append(
            _item(
                "analyticsReportSegments",
                f"{instance['id']}-{number:04}",
                checksum=segment["checksum"],
                sizeInBytes=segment["size_in_bytes"],
                url=f"{origin}{path}?{SIGNATURE}",
            )
        )


async def _main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("world", type=Path)
    parser.add_argument("--api-seconds", type=float, default=0.0)
    parser.add_argument("--store-seconds", type=float, default=0.0)
    parser.add_argument("--lenient", action="store_true")
    options = parser.parse_args()
    world = json.loads(options.world.read_text())
    apple = Apple(world["budget"], options.api_seconds, options.store_seconds, options.lenient)
    server = await asyncio.start_server(apple.serve, "127.0.0.1", 0)
    origin = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    load(apple, world, origin)
    print(origin, flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_main())
