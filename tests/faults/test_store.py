"""The store of the files fails in each of its ways: every byte that is loaded was verified.

Once or twice: the run overcomes it with a fresh URL. For good, for one segment: its instance is
named and left out whole, the views go on with the one before, and the next healthy run has it.
"""

import time
from dataclasses import dataclass
from datetime import timedelta

import pytest

from app_store_connect.api.download import TRIES
from tests.asking import StartApple
from tests.conftest import KEYS, Job
from tests.emulator import Emulator, Fault, World
from tests.faults.exact import findings
from tests.faults.slowly import Dripping
from tests.worlds import CRASHES, add_vintages, overlapping_world, world_with_reports

pytestmark = pytest.mark.usefixtures("impatient")


@dataclass(frozen=True)
class Trouble:
    """A fault of the store; `why` is what the job says of it when it lasts."""

    kind: str
    why: str


TROUBLES = {
    "403 expired": Trouble("expired", "the store answered 403 AccessDenied for /reports/"),
    "403 bad signature": Trouble("forbidden", "the store answered 403 AccessDenied for /reports/"),
    "404": Trouble("not_found", "the store answered 404 NoSuchKey for /reports/"),
    "500": Trouble("500", "the store answered 500 InternalError for /reports/"),
    "503 SlowDown": Trouble("503", "the store answered 503 SlowDown for /reports/"),
    "cut with a length": Trouble("cut", "it broke off (ProtocolError)"),
    "cut without a length": Trouble("cut_chunked", "bytes listed came"),
    "reset in the middle": Trouble("reset", "it broke off (ProtocolError)"),
    "flipped byte": Trouble("flip", "its md5 is "),
    "empty body": Trouble("empty", "only 0 of the "),
    "another segment's body": Trouble("other_segment", " listed "),  # by its size, or its MD5
    "silence": Trouble("slow", "no answer (ReadTimeout)"),
}


class StoreElsewhere(Emulator):
    """Its signed URLs lead to another address, where something stands before the store.

    A 1 comes after `tampered` in each of them.
    """

    address = ""
    tampered = ""

    def signed_url(self, path: str) -> str:
        url = (self.address or self.store_url) + self.signer.signed(path)
        return url.replace(self.tampered, self.tampered + "1") if self.tampered else url


def small_world() -> World:
    """An app for each trouble, with two instances of two segments."""
    app_ids = [str(1_600_000_000 + number) for number in range(len(TROUBLES))]
    world = world_with_reports(CRASHES, app_ids=app_ids)
    for app_id in app_ids:
        add_vintages(world, world.report(app_id, CRASHES), days=2, parts=2)
    return world


def set_faults(apple: Emulator, times: int | None) -> dict[str, Fault]:
    """For each trouble a fault of the second segment of an app's newest instance; by app."""
    faults = {}
    for app_id, trouble in zip(apple.world.apps, TROUBLES.values(), strict=True):
        newest = apple.world.report(app_id, CRASHES).instances[-1]
        segment = newest.segments[1]
        another = apple.world.report(app_id, CRASHES).instances[0].segments[1]
        faults[app_id] = apple.fault(
            Fault(
                "store",
                f"^{segment.path}$",
                trouble.kind,
                times=times,
                delay=timedelta(seconds=3),
                segment_id=another.id,
            )
        )
    return faults


@pytest.mark.slow
def test_once_and_again(start_apple: StartApple, job: Job) -> None:
    """Each fault, twice in a row, costs fresh URLs and nothing else."""
    world = small_world()
    apple = start_apple(world)
    faults = set_faults(apple, times=2)
    result = job.run(apple)
    renewed = sum("analyticsReportSegments/" in each.path for each in apple.exchanges)

    assert (0, []) == (result.exit_code, result.summary["failures"])
    assert {2} == {fault.fired for fault in faults.values()}
    assert 2 * len(TROUBLES) == renewed
    assert [] == findings(job, world)


@pytest.mark.slow
def test_for_good(start_apple: StartApple, job: Job) -> None:
    """Each fault that stays is named once, keeps back one instance, and harms no other."""
    world = small_world()
    apple = start_apple(world)
    faults = set_faults(apple, times=None)
    result = job.run(apple)
    failures = result.summary["failures"]
    newest = [world.report(app_id, CRASHES).instances[-1] for app_id in world.apps]
    for instance in newest:
        world.hide(instance)
    found = findings(job, world)
    for instance in newest:
        world.reveal(instance)
    apple.clear_faults()
    healthy = job.run(apple)

    assert (1, len(TROUBLES)) == (result.exit_code, len(failures))
    assert {TRIES} == {fault.fired for fault in faults.values()}
    assert dict.fromkeys(TROUBLES, True) == {
        name: any(
            f"of app {app_id}," in each["what"] and trouble.why in each["why"] for each in failures
        )
        for app_id, (name, trouble) in zip(world.apps, TROUBLES.items(), strict=True)
    }
    assert [] == found
    assert (0, []) == (healthy.exit_code, findings(job, world))


@pytest.mark.slow
def test_url_that_is_too_old(start_apple: StartApple, job: Job) -> None:
    """URLs that live a second, less than a page of segments, are renewed until all is here."""
    world = overlapping_world(days=2)
    apple = start_apple(world, url_lifetime=timedelta(seconds=1))
    result = job.run(apple)

    assert 0 == result.exit_code
    assert [] == findings(job, world)


@pytest.mark.slow
@pytest.mark.parametrize("tampered", ["X-Amz-Signature=", "X-Amz-Date="])
def test_signature_that_the_store_refuses(tampered: str, job: Job) -> None:
    """URLs that Apple signs wrongly are named as refused, without what is in them."""
    world = overlapping_world(days=1)
    with StoreElsewhere(world) as apple:
        apple.tampered = tampered
        result = job.run(apple)
        apple.tampered = ""
        healthy = job.run(apple)

    assert 1 == result.exit_code
    assert "the store answered 403 SignatureDoesNotMatch for /reports/" in result.stdout
    assert "X-Amz" not in result.stdout + result.stderr
    assert (0, []) == (healthy.exit_code, findings(job, world))


@pytest.mark.slow
def test_body_that_trickles(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that comes a byte at a time, each before a timeout, is given up in bounded time."""
    world = overlapping_world(days=1)
    monkeypatch.setenv(f"{KEYS}REQUEST_TIMEOUT_SECONDS", "0.1")
    with StoreElsewhere(world) as apple, Dripping(apple.store_url) as proxy:
        apple.address = proxy.origin
        started = time.monotonic()
        result = job.run(apple)
        seconds = time.monotonic() - started
        proxy.is_slow = False
        healthy = job.run(apple)

    assert 1 == result.exit_code
    assert 4 == result.stdout.count("it broke off (too slow); the next run tries again")
    assert seconds < 20
    assert (0, []) == (healthy.exit_code, findings(job, world))
