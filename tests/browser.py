"""A headless Chromium without a network, driven over a pipe in its own protocol."""

import base64
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

FOUND = shutil.which("chromium") or shutil.which("google-chrome")
_OPTIONS = [
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-extensions"),
    *("--remote-debugging-pipe", "--disable-background-networking", "--lang=en-US"),
]


class Page:
    """A page of the browser. `events` has what the browser told beside its answers."""

    def __init__(self, commands: int, answers: int) -> None:
        self._commands, self._answers = commands, answers
        self._rest = b""
        self._count = 0
        self._session = ""
        self.events: list[dict[str, Any]] = []
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        attached = self._call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for name in ("Page", "Runtime", "Log", "Network"):
            self._call(f"{name}.enable")
        self._call(
            "Network.emulateNetworkConditions",
            offline=True,
            latency=0,
            downloadThroughput=0,
            uploadThroughput=0,
        )

    def _call(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._count += 1
        message: dict[str, Any] = {"id": self._count, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._commands, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self._count:
                assert "error" not in answer, answer["error"]
                result: dict[str, Any] = answer["result"]
                return result
            self.events.append(answer)

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            read = os.read(self._answers, 1 << 20)
            assert read, "the browser has ended"
            self._rest += read
        text, _, self._rest = self._rest.partition(b"\0")
        message: dict[str, Any] = json.loads(text)
        return message

    def open(self, file: Path, *, choice: str = "app=0&span=28") -> None:
        """Load the file and wait until the choice is drawn."""
        self._call("Page.navigate", url="about:blank")
        self._call("Page.navigate", url=f"{file.as_uri()}#{choice}")
        self.until_shown(choice)

    def choose(self, chooser: str, value: str, *, shows: str) -> None:
        self.ask(
            f"(() => {{ const it = document.getElementById({chooser!r}); it.value = {value!r};"
            " it.dispatchEvent(new Event('change', {bubbles: true})); })()"
        )
        self.until_shown(shows)

    def until_shown(self, choice: str) -> None:
        wanted = "/".join(each.partition("=")[2] for each in choice.split("&"))
        self.ask(
            "new Promise((done, fail) => { const began = Date.now(); const look = () =>"
            f" document.body && document.body.dataset.shown === {wanted!r} ? done(true)"
            " : Date.now() - began > 30000 ? fail('not shown') : setTimeout(look, 20); look(); })"
        )

    def ask(self, expression: str) -> Any:
        """The value of an expression in the page."""
        answer = self._call(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True
        )
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def drag(self, place: str, start: float, end: float) -> None:
        """Draw across the plot of a chart, between two shares of its width."""
        area = self.ask(
            f"(() => {{ const it = document.querySelector({place!r}); it.scrollIntoView();"
            " const area = it.querySelector('.background').getBoundingClientRect();"
            " return [area.left, area.top + area.height / 2, area.width]; })()"
        )
        for kind, share in (("Pressed", start), ("Moved", (start + end) / 2), ("Moved", end)):
            self._point(f"mouse{kind}", area[0] + area[2] * share, area[1])
        self._point("mouseReleased", area[0] + area[2] * end, area[1])

    def click(self, place: str) -> None:
        x, y = self.ask(
            f"(() => {{ const it = document.querySelector({place!r}); it.scrollIntoView();"
            " const area = it.getBoundingClientRect();"
            " return [area.left + area.width / 2, area.top + area.height / 2]; })()"
        )
        self._point("mousePressed", x, y)
        self._point("mouseReleased", x, y)

    def _point(self, kind: str, x: float, y: float) -> None:
        self._call(
            "Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", buttons=1, clickCount=1
        )

    def look(self, *, width: int, scheme: str = "light", media: str = "") -> None:
        self._call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=900,
            deviceScaleFactor=1,
            mobile=False,
        )
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self._call("Emulation.setEmulatedMedia", media=media, features=features)

    def use_locale(self, name: str) -> None:
        self._call("Emulation.setLocaleOverride", locale=name)

    def screenshot(self, file: Path) -> None:
        size = self._call("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}
        taken = self._call("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)
        file.write_bytes(base64.b64decode(taken["data"]))

    def pdf(self) -> bytes:
        return base64.b64decode(self._call("Page.printToPDF")["data"])

    def requests(self) -> list[str]:
        """The addresses that were asked for, but for the file itself."""
        sent = [each for each in self.events if each.get("method") == "Network.requestWillBeSent"]
        urls = [each["params"]["request"]["url"] for each in sent]
        return [url for url in urls if not url.startswith(("file:", "data:", "about:"))]

    def complaints(self) -> list[dict[str, Any]]:
        """Errors and warnings of the console, and exceptions."""
        found = []
        for each in self.events:
            entry = each.get("params", {}).get("entry", {})
            if each.get("method") == "Runtime.exceptionThrown" or entry.get("level") in (
                "error",
                "warning",
            ):
                found.append(each["params"])
            if each.get("method") == "Runtime.consoleAPICalled":
                found.append(each["params"])
        return found


@contextmanager
def running(folder: Path) -> Iterator[Page]:
    assert FOUND
    for_browser, commands = os.pipe()
    answers, from_browser = os.pipe()

    def use_pipes() -> None:
        # Chromium reads from 3 and writes to 4; the copies come first, since 3 or 4 may be taken
        reading, writing = os.dup(for_browser), os.dup(from_browser)
        reading, writing = os.dup2(reading, 60), os.dup2(writing, 61)
        os.dup2(reading, 3)
        os.dup2(writing, 4)

    process = subprocess.Popen(
        [FOUND, *_OPTIONS, f"--user-data-dir={folder}"],
        preexec_fn=use_pipes,
        close_fds=False,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(for_browser)
    os.close(from_browser)
    try:
        yield Page(commands, answers)
    finally:
        process.kill()
        process.wait()
        os.close(commands)
        os.close(answers)
