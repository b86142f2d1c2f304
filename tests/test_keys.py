"""Several API keys: side by side, each within its own budget, each app read once."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import dlt
import jwt
import pytest

from app_store_connect import app_store_connect_source
from asc_pipeline.emulator.server.tokens import ApiKey, Tokens
from tests.asking import StartApple
from tests.conftest import KEYS, Job
from tests.emulator import Emulator
from tests.emulator.apple import Exchange
from tests.faults.processes import finish, start
from tests.several_keys import FOREIGN, ISSUER, NORTH, SIX, SOUTH, UseKeys, world_of
from tests.worlds import differences


def key_of(exchange: Exchange) -> str:
    """The id of the key that signed the request."""
    token = exchange.headers["Authorization"].partition(" ")[2]
    return str(jwt.get_unverified_header(token)["kid"])


def askers(apple: Emulator, path: str) -> dict[str, set[str]]:
    """The keys that asked for the paths that end so, by app."""
    found: dict[str, set[str]] = {}
    for each in apple.exchanges:
        if each.path.endswith(path):
            found.setdefault(each.path.split("/")[3], set()).add(key_of(each))
    return found


def test_side_by_side(start_apple: StartApple, job: Job, use_keys: UseKeys) -> None:
    """Each app is read with one key, and `apps` says which keys see it."""
    world = world_of()
    apple = start_apple(world)
    use_keys(apple, north=(NORTH, ()), south=(SOUTH, SIX[3:]))
    result = job.invoke()
    asked = askers(apple, "/analyticsReportRequests")

    assert 0 == result.exit_code
    assert [] == differences(job, world)
    assert {app_id: {NORTH.key_id} for app_id in SIX[:3]} == {e: asked[e] for e in SIX[:3]}
    assert {app_id: {SOUTH.key_id} for app_id in SIX[3:]} == {e: asked[e] for e in SIX[3:]}
    assert [("north", 3), ("north, south", 3)] == job.query(
        "select key_names, count(*) from app_store_connect_raw.apps group by all order by all"
    )
    assert len(world.instances) == len(apple.downloads)

    job.invoke("--key", "south")

    assert [("north", 3), ("north, south", 3)] == job.query(
        "select key_names, count(*) from app_store_connect_raw.apps group by all order by all"
    )


@pytest.mark.slow
@pytest.mark.parametrize("problem", ["foreign", "malformed"])
def test_wrong_key_costs_itself(
    problem: str, start_apple: StartApple, job: Job, use_keys: UseKeys
) -> None:
    """It is named; what the other key sees is loaded."""
    world = world_of(SIX[:2])
    apple = start_apple(world)
    wrong = FOREIGN if problem == "foreign" else ApiKey("no key id", ISSUER, "x", NORTH.public_key)
    use_keys(apple, north=(NORTH, ()), wrong=(wrong, ()))
    result = job.invoke()

    assert (1, ["key wrong"]) == (
        result.exit_code,
        [each["what"] for each in result.summary["failures"]],
    )
    assert [] == differences(job, world)
    assert [("key wrong",)] == job.query(
        "select what from app_store_connect_raw.analytics_load_failures"
    )


@pytest.mark.parametrize("section", ["KEYS__TOO__", ""])
def test_one_key_of_two_names(
    section: str,
    start_apple: StartApple,
    job: Job,
    use_keys: UseKeys,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is used once, for the apps of both; its budget is counted once, and a note names both."""
    apple = start_apple(world_of(SIX[:2]))
    use_keys(apple, north=(NORTH, SIX[:1]), too=(NORTH, SIX[1:2]))
    if not section:
        monkeypatch.setenv(f"{KEYS}KEY_ID", NORTH.key_id)
        monkeypatch.setenv(f"{KEYS}PRIVATE_KEY", NORTH.private_key)
        monkeypatch.setenv(f"{KEYS}ISSUER_ID", str(NORTH.issuer_id))
    first = "north" if section else "default"
    summary = job.invoke("--plan").summary
    told = [each for each in summary["notices"] if "one API key" in each]

    assert ["1500000001", "1500000002"] == summary["units"][0]["app_ids"]
    assert [first] == [each["key"] for each in summary["units"]]
    assert 3600 - len(apple.exchanges) == summary["requests_left"]
    assert f"keys {first} and too are one API key, NORTHKEY01: it is used once, as {first}" in told
    assert (1 if section else 2) == len(told)


def test_wrong_keys_are_named_once(
    start_apple: StartApple, job: Job, use_keys: UseKeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Alone in the error, beside others in the failure."""
    use_keys(start_apple(world_of(SIX[:1])), north=(NORTH, ()), tools=(SOUTH, ()))
    monkeypatch.setenv(f"{KEYS}KEYS__TOOLS__PRIVATE_KEY", "nowhere.p8")
    alone = job.invoke("--key", "tools")
    beside = job.invoke("--plan")

    assert alone.summary["error"].startswith("key tools: private_key names the file nowhere.p8")
    assert [("key tools", "private_key names the file")] == [
        (each["what"], each["why"][:26]) for each in beside.summary["failures"]
    ]


@pytest.mark.slow
def test_key_that_cannot_be_used_keeps_its_apps(
    start_apple: StartApple, job: Job, use_keys: UseKeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`apps` still says that it sees them: its file may be there again tomorrow."""
    use_keys(start_apple(world_of(SIX[:1])), north=(NORTH, ()), south=(SOUTH, ()))
    job.invoke()
    monkeypatch.setenv(f"{KEYS}KEYS__SOUTH__PRIVATE_KEY", "nowhere.p8")
    job.invoke()

    assert [("north, south",)] == job.query("select key_names from app_store_connect_raw.apps")


def test_all_keys_wrong(start_apple: StartApple, job: Job, use_keys: UseKeys) -> None:
    """Then nothing can be loaded, as with one key."""
    apple = start_apple(world_of(SIX[:1]))
    use_keys(apple, wrong=(FOREIGN, ()), too=(FOREIGN, ()))

    assert 2 == job.invoke().exit_code


@pytest.mark.slow
def test_used_up_key_costs_itself(
    start_apple: StartApple, job: Job, use_keys: UseKeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its instances come with the next run; the other key's are loaded to the last."""
    world = world_of(days=6)
    apple = start_apple(world, hourly_limit=40)
    use_keys(apple, north=(NORTH, SIX[:4]), south=(SOUTH, SIX[4:]))
    for _ in range(40 - 13 - 2):  # enough for its lists and two instances
        apple.budget.spend(NORTH.key_id)
    monkeypatch.setenv(f"{KEYS}WORKERS", "1")
    result = job.invoke("--max-wait", "0")
    loaded = dict(
        job.query(
            "select app_id, count(*) from app_store_connect_raw.analytics_report_segments"
            " group by all"
        )
    )

    assert 3 == result.exit_code
    assert {6} == {loaded[int(app_id)] for app_id in SIX[4:]}
    assert 14 == sum(loaded.values())


@pytest.mark.slow
def test_chosen_keys(start_apple: StartApple, job: Job, use_keys: UseKeys) -> None:
    """`--key` takes those alone; an unknown name is refused with near ones."""
    apple = start_apple(world_of(SIX[:2]))
    use_keys(apple, north=(NORTH, SIX[:1]), south=(SOUTH, SIX[1:2]))
    unknown = job.invoke("--key", "nort")
    result = job.invoke("--key", "south")

    assert (2, 0) == (unknown.exit_code, result.exit_code)
    assert "no key is called 'nort'" in unknown.stderr
    assert "did you mean north?" in unknown.stderr
    assert {SOUTH.key_id} == {key_of(each) for each in apple.exchanges}


@pytest.mark.parametrize("others", [[], SIX[1:2]], ids=["alone", "beside another"])
def test_app_ids_that_the_key_does_not_see(
    others: tuple[str, ...], start_apple: StartApple, job: Job, use_keys: UseKeys
) -> None:
    """A wrong id in the configuration is named, with its key."""
    keys = {"north": (NORTH, ("1500000099", *others)), "south": (SOUTH, SIX[:1])}
    use_keys(start_apple(world_of(SIX[:2])), **keys if others else {"north": keys["north"]})
    result = job.invoke("--plan")
    told = [each for each in result.summary["notices"] if "sees no app" in each]

    assert (0, 1) == (result.exit_code, len(told))
    assert told[0].startswith("key north sees no app 1500000099, which its app_ids name; check")


@pytest.mark.parametrize(
    ("given", "shown"), [("1500000001", "1500000001"), ('"all"', "1500000000")]
)
def test_app_ids_that_are_no_list(
    given: str,
    shown: str,
    start_apple: StartApple,
    job: Job,
    use_keys: UseKeys,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    use_keys(start_apple(world_of(SIX[:1])), north=(NORTH, ()))
    monkeypatch.setenv(f"{KEYS}KEYS__NORTH__APP_IDS", given)
    refused = job.invoke()

    assert 2 == refused.exit_code
    assert (
        f'sources.app_store_connect.keys.north.app_ids must be a list, such as ["{shown}"], and is'
        f" {given!r}"
    ) == refused.summary["error"]


@pytest.mark.slow
def test_ids_need_one_key(start_apple: StartApple, job: Job, use_keys: UseKeys) -> None:
    """Nothing tells with which key an instance or a report request can be asked for."""
    world = world_of(SIX[:2])
    apple = start_apple(world)
    use_keys(apple, north=(NORTH, ()), south=(SOUTH, ()))
    instance = next(iter(world.instances))
    refused = job.invoke("--instance-id", instance)

    assert 2 == refused.exit_code
    assert "name it with --key, one of north, south" in refused.stderr
    assert 0 == job.invoke("--instance-id", instance, "--key", "north").exit_code


@pytest.mark.slow
def test_key_of_another_issuer_is_another(
    start_apple: StartApple, job: Job, use_keys: UseKeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Apple refuses the one without the team's issuer, and the run works with the other."""
    use_keys(start_apple(world_of(SIX[:1])), north=(NORTH, ()))
    monkeypatch.setenv(f"{KEYS}KEY_ID", NORTH.key_id)
    monkeypatch.setenv(f"{KEYS}PRIVATE_KEY", NORTH.private_key)
    result = job.invoke("--plan")

    assert ["key default"] == [each["what"] for each in result.summary["failures"]]
    assert 3 == result.summary["instances_due"]


def test_key_without_a_name(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    """A setting of a key that stands among the names of keys is said to be one."""
    monkeypatch.setenv(f"{KEYS}KEYS__KEY_ID", "ABC123DEFG")
    result = job.invoke()

    assert 2 == result.exit_code
    assert "key_id stands in [sources.app_store_connect.keys] itself: give the key a name" in (
        result.stderr
    )


def test_keys_in_secrets(start_apple: StartApple, job: Job) -> None:
    """As the documents show them; the key without a name is one of them."""
    apple = start_apple(world_of(SIX[:2]))
    apple.tokens = Tokens(NORTH, SOUTH)
    lines = ["[sources.app_store_connect]", f'base_url = "{apple.base_url}"', *parts_of(NORTH)]
    lines += ["[sources.app_store_connect.keys.south]", *parts_of(SOUTH)]
    lines += [f"app_ids = {json.dumps(SIX[1:2])}"]
    Path(".dlt").mkdir()
    Path(".dlt/secrets.toml").write_text("\n".join(lines))
    script = Path(__file__).parents[1] / "pipelines" / "asc_segments.py"
    subprocess.run([sys.executable, str(script)], env=os.environ, check=True, capture_output=True)

    assert [("default",), ("default, south",)] == job.query(
        "select key_names from app_store_connect_raw.apps order by id"
    )


def parts_of(key: ApiKey) -> list[str]:
    return [
        f'key_id = "{key.key_id}"',
        f'issuer_id = "{key.issuer_id}"',
        f'private_key = """{key.private_key}"""',
    ]


@pytest.mark.slow
def test_source_with_several_keys(start_apple: StartApple, job: Job, use_keys: UseKeys) -> None:
    """The source alone reads with all keys as well."""
    world = world_of()
    apple = start_apple(world)
    use_keys(apple, north=(NORTH, SIX[:3]), south=(SOUTH, SIX[3:]))
    pipeline = dlt.pipeline("two_keys", destination="duckdb", dataset_name="app_store_connect_raw")
    pipeline.run(app_store_connect_source())
    with pipeline.sql_client() as client:
        rows: Any = client.execute_sql("select count(*) from analytics_report_segments")

    assert len(world.instances) == rows[0][0]
    assert {NORTH.key_id, SOUTH.key_id} == {key_of(each) for each in apple.exchanges}


@pytest.mark.slow
def test_units_of_a_plan(start_apple: StartApple, job: Job, use_keys: UseKeys) -> None:
    """At most a key-hour each, with the requests that the run of one takes."""
    apple = start_apple(world_of(), hourly_limit=16)
    use_keys(apple, north=(NORTH, SIX[:2]), south=(SOUTH, SIX[2:4]))
    units = job.invoke("--plan").summary["units"]
    apple.budget.__init__(apple.clock, {"hour": 3600})  # type: ignore[misc]  # the next hour
    before = len(apple.exchanges)
    first = units[0]
    ran = job.invoke("--key", first["key"], "--app-id", first["app_ids"][0])
    # 1 list of apps, 2 for the app, 1 for its report, 3 instances
    assert [
        {"key": "north", "app_ids": [*SIX[:2]], "requests": 13},
        {"key": "south", "app_ids": [*SIX[2:4]], "requests": 13},
    ] == units
    assert (0, 7) == (ran.exit_code, len(apple.exchanges) - before)


@pytest.mark.slow
def test_waiting_key_holds_no_other_up(start_apple: StartApple, use_keys: UseKeys) -> None:
    """While one key waits for its budget, the other loads all that it sees."""
    apple = start_apple(world_of(days=6), hourly_limit=60)
    use_keys(apple, north=(NORTH, SIX[:4]), south=(SOUTH, SIX[4:]))
    for _ in range(60 - 13 - 8):  # enough for north's lists and a few instances
        apple.budget.spend(NORTH.key_id)

    def listed_by_south() -> int:
        paths = [each.path for each in apple.exchanges if key_of(each) == SOUTH.key_id]
        return sum(path.endswith("/segments") for path in paths)

    process = start(apple, *("--key", "north", "--key", "south"), env={f"{KEYS}WORKERS": "1"})
    deadline = time.monotonic() + 60
    while listed_by_south() < 12 and time.monotonic() < deadline:
        time.sleep(0.1)
    found = listed_by_south()
    process.send_signal(signal.SIGINT)
    finish(process)

    assert 12 == found
