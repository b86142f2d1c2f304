"""Real S3 servers hand out the files: SeaweedFS, s3rver, and SeaweedFS behind a proxy that spoils.

They check signatures, ages and headers as they do for others, not as our emulator believes.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from filelock import FileLock

from tests.conftest import KEYS, Job
from tests.emulator import World
from tests.faults.exact import findings
from tests.faults.s3 import BUCKET, S3, AppleWithS3, Microburst, microburst, s3rver, seaweedfs
from tests.worlds import CRASHES, add_vintages, world_with_reports

pytestmark = [
    pytest.mark.slow,
    pytest.mark.nightly,
    pytest.mark.usefixtures("impatient"),
    pytest.mark.timeout(300),
]


@pytest.fixture(scope="module", autouse=True)
def one_at_a_time(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Workers of pytest share the tools that are installed."""
    with FileLock(tmp_path_factory.getbasetemp().parent / "tools.lock"):
        yield


@pytest.fixture(scope="module")
def weed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3]:
    with seaweedfs(tmp_path_factory.mktemp("s3") / "weed") as store:
        yield store


@pytest.fixture(scope="module")
def proxy(weed: S3, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Microburst]:
    with microburst(weed, tmp_path_factory.mktemp("proxy")) as running:
        yield running


def small_world() -> World:
    world = world_with_reports(CRASHES, app_ids=["1500000001"])
    add_vintages(world, world.report("1500000001", CRASHES), days=2, parts=2)
    return world


def test_seaweedfs(weed: S3, job: Job) -> None:
    """Presigned URLs of a real S3 server, fresh ones, load everything with one download each."""
    world = small_world()
    with AppleWithS3(world, weed) as apple:
        result = job.run(apple)
        renewed = sum("analyticsReportSegments/" in each.path for each in apple.exchanges)

    assert (0, 0) == (result.exit_code, renewed)
    assert [] == findings(job, world)


def test_expired_urls_of_seaweedfs(weed: S3, job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    """URLs that are dead on arrival are refused by the server, renewed, and then good."""
    world = small_world()
    with AppleWithS3(world, weed) as apple:
        monkeypatch.setenv(f"{KEYS}REQUEST_TIMEOUT_SECONDS", "20")  # listing waits for the end
        apple.is_late = True
        result = job.run(apple)
        renewed = sum("analyticsReportSegments/" in each.path for each in apple.exchanges)

    assert (0, 4) == (result.exit_code, renewed)
    assert [] == findings(job, world)


@pytest.mark.parametrize("part", ["X-Amz-Signature=", "X-Amz-Credential="])
def test_tampered_urls_of_seaweedfs(part: str, weed: S3, job: Job) -> None:
    """A URL that was changed on its way is refused: named, without what is in it, then healed."""
    world = small_world()
    with AppleWithS3(world, weed) as apple:
        apple.spoil = lambda url: url.replace(part, f"{part}0")
        result = job.run(apple)
        apple.spoil = str
        healthy = job.run(apple)

    assert 1 == result.exit_code
    assert "the store answered 403 " in result.stdout
    assert "X-Amz" not in result.stdout + result.stderr
    assert (0, []) == (healthy.exit_code, findings(job, world))


def test_file_that_is_gone_from_seaweedfs(weed: S3, job: Job) -> None:
    """A key that the server does not have is a 404 of its own, and named."""
    world = small_world()
    with AppleWithS3(world, weed) as apple:
        apple.spoil = lambda url: weed.presigned("GET", f"/{BUCKET}/reports/gone.csv.gz")
        result = job.run(apple)
        apple.spoil = str
        healthy = job.run(apple)

    assert 1 == result.exit_code
    assert "the store answered 404 NoSuchKey for " in result.stdout
    assert (0, []) == (healthy.exit_code, findings(job, world))


def test_s3rver_which_refuses_a_token(tmp_path: Path, job: Job) -> None:
    """A server that answers 400 to an Authorization header, as Amazon does, gets none from us."""
    world = small_world()
    with s3rver(tmp_path / "s3rver") as store, AppleWithS3(world, store) as apple:
        result = job.run(apple)
        url = apple.signed_url(next(iter(world.segments.values())).path)
        with_token = requests.get(url, headers={"Authorization": "Bearer x"}, timeout=10)

    assert (0, 400) == (result.exit_code, with_token.status_code)
    assert [] == findings(job, world)


@dataclass(frozen=True)
class Weather:
    """A rule of microburst, and what the job says if it never clears up."""

    rule: dict[str, Any]
    why: str


WEATHER = {
    "503 SlowDown": Weather({"error": {"code": "SlowDown", "status": 503}}, "503 SlowDown"),
    "500": Weather({"error": {"code": "InternalError", "status": 500}}, "500 InternalError"),
    "expired": Weather(
        {"error": {"code": "AccessDenied", "status": 403, "message": "Request has expired"}},
        "403 AccessDenied",
    ),
    "bad signature": Weather(
        {"error": {"code": "SignatureDoesNotMatch", "status": 403}}, "403 SignatureDoesNotMatch"
    ),
    "reset": Weather({"reset": True}, "no answer (ConnectionError)"),
    "reset in the middle": Weather({"response": {"abort_frac": 0.5}}, "it broke off ("),
    "cut": Weather({"response": {"truncate_frac": 0.5}}, "bytes listed came"),
    "flipped bytes": Weather({"response": {"corrupt_bytes": 16}}, "its md5 is "),
    "silence": Weather({"timeout_ms": 3000}, "no answer (ReadTimeout)"),
    "slow": Weather({"latency": 200}, ""),
}


@pytest.mark.parametrize("name", WEATHER)
def test_weather(
    name: str, weed: S3, proxy: Microburst, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What passes is overcome; what stays is named; under a clear sky everything is there."""
    weather = WEATHER[name]
    monkeypatch.setenv(f"{KEYS}REQUEST_TIMEOUT_SECONDS", "3")
    world = small_world()
    with AppleWithS3(world, weed) as apple:
        apple.spoil = lambda url: url.replace(weed.origin, proxy.origin)
        proxy.rule(service="*", **weather.rule)
        stormy = job.run(apple)
        fired = proxy.fired
        proxy.rule(service="*", times=3, **weather.rule)
        passing = job.run(apple)
        fired_then = proxy.fired
        proxy.clear()
        clear = job.run(apple)

    assert (1 if weather.why else 0, True) == (stormy.exit_code, fired > 3)
    assert weather.why in stormy.stdout
    assert (0, 3 if weather.why else 0) == (passing.exit_code, fired_then)
    assert (0, 0, []) == (clear.exit_code, clear.summary["segments"], findings(job, world))
