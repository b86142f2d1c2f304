"""`asc-segments doctor`: whether a run would work, and what to do. It changes nothing."""

import inspect
import json
import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from importlib.metadata import metadata
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from app_store_connect import app_store_connect_source
from app_store_connect.configuration.settings import (
    SUBSECTIONS,
    Configuration,
    read_configuration,
)
from app_store_connect.errors import PACKAGE
from asc_pipeline.alerts.settings import AlertSettings
from asc_pipeline.cli.main import main
from asc_pipeline.doctor.check import Check, Level, exit_code_of_checks
from asc_pipeline.doctor.machine import PACKAGES_OF_EXTRAS
from tests.asking import StartApple
from tests.conftest import KEYS, Job, WriteSettings
from tests.emulator import Fault, World
from tests.several_keys import FOREIGN, NORTH, SOUTH, UseKeys
from tests.test_cli import held_by_another
from tests.worlds import APPS, TODAY, app, overlapping_world


class Doctor:
    """The checks of one call, by level, subject and text."""

    def __init__(self, *arguments: str) -> None:
        self.result = CliRunner().invoke(main, ["doctor", "--json", *arguments])
        if self.result.exception and not isinstance(self.result.exception, SystemExit):
            raise self.result.exception
        answer: dict[str, Any] = json.loads(self.result.stdout)
        self.exit_code = self.result.exit_code
        assert self.exit_code == answer["exit_code"]
        self.checks: list[dict[str, Any]] = answer["checks"]

    def of(self, level: str) -> list[str]:
        return [
            f"{each['subject']}: {each['state']}" + (f"; {each['advice']}" * bool(each["advice"]))
            for each in self.checks
            if each["level"] == level
        ]


@pytest.fixture
def ask(start_apple: StartApple, job: Job) -> Callable[..., Doctor]:
    """The checks with a key of an emulator that serves a world."""

    def asked(world: World, *arguments: str, **options: Any) -> Doctor:
        apple = start_apple(world, **options)
        job.use(apple)
        found = Doctor(*arguments)
        assert {"GET"} >= {each.method for each in apple.exchanges}
        return found

    return asked


Ask = Callable[..., Doctor]


def test_all_is_well(ask: Ask, job: Job) -> None:
    """Exit 0, a line a check, and neither a file nor a request for anything is made."""
    found = ask(overlapping_world(days=1))

    assert 0 == found.exit_code, found.result.stderr
    lines = found.result.stderr.splitlines()
    assert len(found.checks) == len(lines)
    assert {"ok"} == {line.split()[0] for line in lines}
    for text in (
        "key: Apple accepts team key",
        "clock: this machine's clock is 0 s",
        "requests left this hour",
        "apps: the key sees 2 apps",
        f"app {APPS[0]} (App 1): an ONGOING report request",
        f"app {APPS[0]} (App 1): 1 of ",
        "orders: nothing has to be ordered",
        "asc_segments.duckdb does not exist; the first run makes it",
    ):
        assert text in found.result.stderr
    assert [] == list(Path.cwd().iterdir())


def test_database_stays_as_it_is(ask: Ask, start_apple: StartApple, job: Job) -> None:
    """That it can be written is tried, and undone."""
    world = overlapping_world(days=1)
    job.run(start_apple(world))
    before = job.query(
        "select table_schema, table_name from information_schema.tables order by all"
    )
    found = ask(world)

    assert 0 == found.exit_code
    assert f"destination: {job.database} can be written, with data of this job" in found.of("ok")
    assert before == job.query(
        "select table_schema, table_name from information_schema.tables order by all"
    )


def test_wrong_key(ask: Ask, job: Job, start_apple: StartApple) -> None:
    """Exit 2 with what to look at; the destination is looked at all the same."""
    job.use(start_apple(overlapping_world(days=1)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(f"{KEYS}KEY_ID", "WRONGKEYID")
        found = Doctor()

    (error,) = found.of("error")
    assert 2 == found.exit_code
    assert error.startswith("key: /v1/apps: Apple answered 401 NOT_AUTHORIZED; ")
    assert "check that key_id belongs to this private_key" in error
    assert "destination" in [each["subject"] for each in found.checks]


def test_no_key(job: Job) -> None:
    """Exit 2 names the settings; the destination is looked at all the same."""
    found = Doctor()

    assert 2 == found.exit_code
    assert "the API key is not set: key_id and private_key" in found.of("error")[0]
    assert "destination" in [each["subject"] for each in found.checks]


@pytest.mark.parametrize(
    ("ahead", "says"),
    [(timedelta(hours=-1), "s behind Apple's"), (timedelta(hours=1), "s ahead of Apple's")],
)
def test_foreign_clock(ahead: timedelta, says: str, ask: Ask) -> None:
    """The clock is the error, and the key is looked at by Apple's own."""
    found = ask(overlapping_world(days=1), clock=lambda: datetime.now(UTC) - ahead)

    (error,) = found.of("error")
    assert 2 == found.exit_code
    assert "clock: this machine's clock is 36" in error or "is 35" in error
    assert says in error
    assert "timedatectl" in error
    assert [each for each in found.of("ok") if "Apple accepts team key" in each]
    assert [each for each in found.of("ok") if "an ONGOING report request" in each]


def test_role_that_only_reads(ask: Ask) -> None:
    """It is enough until something has to be ordered, which is said without trying it."""
    world = overlapping_world(days=1)
    enough = ask(world, role="SALES")
    world.add_app(app("1500000009"))
    found = ask(world, role="SALES")

    assert (0, 1) == (enough.exit_code, found.exit_code)
    assert [
        "app 1500000009 (App 9): no report request, so Apple prepares no reports; run once with"
        " --create-requests and a key of the role Admin",
        "orders: whether this key may order reports is not known, since trying it would order"
        " them; if it may not, take one of the role Admin",
    ] == found.of("warning")


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("/v1/apps$", "key: /v1/apps: Apple answered 403"),
        ("/analyticsReportRequests$", "the key may not list report requests: "),
        ("/reports$", "the key may not read reports: "),
        ("/instances$", "the key may not read reports: "),
    ],
)
def test_role_that_may_not_read(path: str, says: str, start_apple: StartApple, job: Job) -> None:
    """Exit 2 names what the key may not do, and the roles that may."""
    apple = start_apple(overlapping_world(days=1))
    apple.fault(Fault("api", path, "forbidden", times=None))
    job.use(apple)
    found = Doctor()

    assert 2 == found.exit_code
    assert says in found.of("error")[0]
    assert "reading needs Admin, Sales and Reports or Finance" in found.of("error")[0]


def test_no_request(ask: Ask) -> None:
    """No app has one: no run works."""
    world = World()
    world.add_app(app(APPS[0]))
    found = ask(world)

    assert 2 == found.exit_code
    assert "no report request, so Apple prepares no reports" in found.of("warning")[0]
    assert "orders: no app has a report request" in found.of("error")[0]


def test_stopped_request(ask: Ask) -> None:
    world = overlapping_world(days=1)
    stopped = world.request(APPS[0], "ONGOING")
    stopped.is_stopped = True
    found = ask(world)

    assert 1 == found.exit_code
    assert (
        f"app {APPS[0]} (App 1): Apple stopped its ONGOING report request {stopped.id} for"
        " inactivity; run once with --create-requests and a key of the role Admin"
    ) == found.of("warning")[0]


def test_frozen_snapshot(ask: Ask) -> None:
    world = overlapping_world(days=1)
    world.add_app(app("1500000009"))
    world.add_request("1500000009", "ONE_TIME_SNAPSHOT")
    found = ask(world)

    assert 1 == found.exit_code
    assert (
        "app 1500000009 (App 9): frozen: a snapshot and no ONGOING report request, so nothing new"
        " comes; run once with --create-requests and a key of the role Admin"
    ) == found.of("warning")[0]


def test_full_budget(ask: Ask) -> None:
    """The key is not known to work, and nothing more is asked of Apple."""
    found = ask(overlapping_world(days=1), hourly_limit=0)

    assert 1 == found.exit_code
    assert [
        "key: not known: Apple answered 429; run this again later",
        "budget: 0 of 0 requests left this hour; a run waits up to --max-wait for more",
    ] == found.of("warning")


def test_budget_that_ends_on_the_way(ask: Ask) -> None:
    """One line says so, a warning, and how many apps were not looked at."""
    found = ask(overlapping_world(days=1), hourly_limit=5)

    assert 1 == found.exit_code
    assert [
        "budget: used up after 1 of 2 apps, so the others were not looked at; run this again in an"
        " hour, or with --app-id"
    ] == [each for each in found.of("warning") if "used up" in each]


def test_two_requests_for_an_app(start_apple: StartApple, job: Job) -> None:
    """Beside them the key takes three, of which one tries its right to read instances."""
    apple = start_apple(overlapping_world(days=1))
    job.use(apple)
    Doctor()

    assert 3 + 2 * len(APPS) == len(apple.exchanges)


def test_several_keys(start_apple: StartApple, job: Job, use_keys: UseKeys) -> None:
    """Each line of a key has its name, and one wrong key does not hide the other."""
    apple = start_apple(overlapping_world(days=1))
    use_keys(apple, south=(FOREIGN, ()), north=(NORTH, APPS[:1]))
    found, chosen = Doctor(), Doctor("--key", "north")
    mine = [each for each in found.of("ok") if "north" in each.partition(":")[0]]

    assert (1, 0) == (found.exit_code, chosen.exit_code)
    assert ["key south: /v1/apps: Apple answered 401"] == [each[:39] for each in found.of("error")]
    assert [
        "clock, key north",
        "key north",
        "budget, key north",
        "apps, key north",
        *[f"app {APPS[0]} (App 1), key north"] * 2,
        "orders, key north",
    ] == [each.partition(":")[0] for each in mine]


@pytest.mark.parametrize(
    ("app_id", "error"),
    [(APPS[1], []), ("1500000009", ["apps: the key sees no app '1500000009'; check the id"])],
)
def test_app_of_another_key(
    app_id: str, error: list[str], start_apple: StartApple, job: Job, use_keys: UseKeys
) -> None:
    """An app has to be seen by one of the keys, not by each."""
    apple = start_apple(overlapping_world(days=1))
    use_keys(apple, north=(NORTH, APPS[:1]), south=(SOUTH, ()))
    found = Doctor("--app-id", app_id)

    assert error == [each[:52] for each in found.of("error")]


def test_key_with_two_names(start_apple: StartApple, job: Job, use_keys: UseKeys) -> None:
    """Apple is asked once with that key, and a warning names both names."""
    use_keys(start_apple(overlapping_world(days=1)), north=(NORTH, ()), again=(NORTH, ()))
    found = Doctor()

    assert [
        "settings: keys again and north are one API key, NORTHKEY01: it is used once, as again"
    ] == found.of("warning")
    assert 1 == len([each for each in found.checks if each["subject"].startswith("key ")])


def test_settings_that_cannot_be_read(write_settings: Callable[[str, str], Path]) -> None:
    """One line names the file, which keeps keys and destination from being checked."""
    write_settings("secrets.toml", "no toml")
    found = Doctor()

    assert (2, 1) == (found.exit_code, len(found.of("error")))
    assert "secrets.toml is not valid TOML: " in found.of("error")[0]


@pytest.mark.parametrize(
    ("levels", "exit_code"),
    [
        ({"a": Level.OK, "b": Level.ERROR}, 1),
        ({"a": Level.ERROR, "b": Level.ERROR}, 2),
        ({"a": Level.ERROR}, 2),
        ({"a": Level.OK, "": Level.ERROR}, 2),
        ({"a": Level.WARNING, "b": Level.OK}, 1),
        ({"a": Level.OK, "b": Level.OK}, 0),
        ({}, 0),
    ],
)
def test_error_of_one_key(levels: dict[str, Level], exit_code: int) -> None:
    """A run works with the other keys; without any, or without the destination, none does."""
    checks = [Check("key", level, "", key=name) for name, level in levels.items()]

    assert exit_code == exit_code_of_checks(checks)


@pytest.mark.slow
def test_demo_in_the_database(
    start_apple: StartApple, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run with a key of Apple's would be refused, so the line is an error."""
    CliRunner().invoke(main, ["--demo", "--report", "App Opt In", "--since", str(TODAY)])
    job.use(start_apple(World()))
    monkeypatch.setenv(f"{KEYS}BASE_URL", "https://nobody.invalid")
    found = Doctor()

    assert [True] == [
        "holds the demo's invented apps" in each for each in found.of("error") if "destin" in each
    ]


@pytest.mark.slow
def test_full_disk(ask: Ask, start_apple: StartApple, job: Job) -> None:
    """A warning tells of a disk with less room than two batches take."""
    world = overlapping_world(days=1)
    job.run(start_apple(world))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("asc_pipeline.doctor.destination.ROOM", sys.maxsize)
        found = ask(world)

    (warning,) = found.of("warning")
    assert f"MB are free on the disk of {job.database}; free some space" in warning


@pytest.mark.parametrize(
    ("app_ids", "private_key", "exit_code"),
    [
        ((APPS[0], "1500000009"), NORTH.private_key, 1),
        (("1500000009",), "no key", 1),
        (APPS, NORTH.private_key, 0),
    ],
    ids=["an app that it does not see", "of a key that cannot be used", "apps that it sees"],
)
def test_apps_in_the_configuration(
    app_ids: tuple[str, ...],
    private_key: str,
    exit_code: int,
    start_apple: StartApple,
    job: Job,
    use_keys: UseKeys,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A run loads the other apps, so that one which no key sees is a warning."""
    apple = start_apple(overlapping_world(days=1))
    use_keys(apple, north=(NORTH, app_ids), south=(SOUTH, APPS[:1]))
    monkeypatch.setenv(f"{KEYS}KEYS__NORTH__PRIVATE_KEY", private_key)
    found = Doctor()
    unseen = [each for each in found.of("warning") if "the key sees no app '1500000009'" in each]

    assert exit_code == found.exit_code
    assert (app_ids[0] == APPS[0] and exit_code == 1) == bool(unseen)


def test_unknown_key(start_apple: StartApple, job: Job, use_keys: UseKeys) -> None:
    """A name that no key has is an error with near ones; the rest is looked at all the same."""
    use_keys(start_apple(overlapping_world(days=1)), north=(NORTH, ()))
    found = Doctor("--key", "nort")

    assert "no key is called 'nort'" in found.of("error")[0]
    assert "did you mean north?" in found.of("error")[0]
    assert {"versions", "destination"} < {each["subject"] for each in found.checks}


def test_locked_file(ask: Ask, job: Job) -> None:
    """Which process has it."""
    with held_by_another(job.database, is_reader=True) as holder:
        found = ask(overlapping_world(days=1))

    (error,) = found.of("error")
    assert 2 == found.exit_code
    assert error.startswith("destination: the DuckDB file is in use by another process")
    assert f"(PID {holder.pid})" in error


@pytest.mark.parametrize(("mode", "exit_code"), [(0o600, 0), (0o644, 1), (0o640, 1)])
def test_secrets_that_others_can_read(
    mode: int, exit_code: int, ask: Ask, write_settings: WriteSettings
) -> None:
    """The line has the command that changes it."""
    text = "[sources.app_store_connect]\nworkers = 4\n"
    write_settings("secrets.toml", text).chmod(mode)
    found = ask(overlapping_world(days=1))

    file = ".dlt/secrets.toml"
    says = f"secrets: {file} can be read by others (mode {mode:o}); chmod 600 {file}"
    assert (exit_code, [says] * exit_code) == (found.exit_code, found.of("warning"))


@pytest.mark.parametrize("name", ["", "KEYS__SOUTH__"], ids=["the key", "a key with a name"])
def test_private_key_that_others_can_read(
    name: str, start_apple: StartApple, use_keys: UseKeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    apple = start_apple(overlapping_world(days=1))
    use_keys(apple, north=(NORTH, ()), south=(SOUTH, ()))
    Path("AuthKey.p8").write_text(SOUTH.private_key)
    os.chmod("AuthKey.p8", 0o644)  # others may read it: that is the case
    monkeypatch.setenv(f"{KEYS}{name}PRIVATE_KEY", "AuthKey.p8")
    found = Doctor()

    assert "secrets: AuthKey.p8 can be read by others (mode 644); chmod 600 AuthKey.p8" in (
        found.of("warning")
    )


def test_extras_are_those_of_the_package() -> None:
    """Each extra is told as installed or not."""
    assert {*PACKAGES_OF_EXTRAS} == {*(metadata(PACKAGE).get_all("Provides-Extra") or ())}


@pytest.mark.parametrize("where", ["file", "environment"])
def test_unknown_setting(
    where: str,
    ask: Ask,
    job: Job,
    start_apple: StartApple,
    monkeypatch: pytest.MonkeyPatch,
    write_settings: WriteSettings,
) -> None:
    """A misspelt key is named with the one that is near; the job has a note of it too."""
    text = "[sources.app_store_connect]\nworker = 4\n" if where == "file" else ""
    write_settings("config.toml", text)
    if not text:
        monkeypatch.setenv(f"{KEYS}WORKER", "4")
    variable = "" if text else f" ({KEYS}WORKER in the environment)"
    says = f"has no setting worker{variable}, so that it has no effect; near: workers"
    says = f"sources.app_store_connect {says}"
    found = ask(overlapping_world(days=1))
    ran = job.run(start_apple(overlapping_world(days=1)))

    assert [f"settings: {says}"] == found.of("warning")
    assert says in ran.summary["notices"]


@pytest.mark.parametrize(
    ("name", "says"),
    [
        (
            "KEYS__NORTH__KEYID",
            "keys.north has no setting keyid ({0}), so that it has no effect; near: key_id",
        ),
        ("ALERTS__URL", "alerts has no setting url ({0}), so that it has no effect; near: urls"),
        (
            "DAGSTER__DATASETS",
            "dagster has no setting datasets ({0}), so that it has no effect; near: dataset",
        ),
    ],
)
def test_unknown_setting_of_a_further_section(
    name: str, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"{KEYS}{name}", "x")

    says = says.format(f"{KEYS}{name} in the environment")
    assert [f"sources.app_store_connect.{says}"] == Configuration.unknown_keys(read_configuration())


@pytest.mark.parametrize(
    ("section", "is_near"),
    [
        ("sources.app_store_conect", True),
        ("sources.AppStoreConnect", True),
        ("source.app_store_connect", True),
        ("source.app_store_connect.keys.north", True),
        ("app_store_connect", True),
        ("sources.app_store_connect.app_store_connect", False),
        ("sources.app_store_connect_sales", False),
        ("sources.google_play", False),
        ("asc_segments.sources.app_store_connect", False),
        ("app_store_connect.destination.duckdb", False),
    ],
)
def test_section_of_a_near_name(
    section: str, is_near: bool, job: Job, write_settings: WriteSettings
) -> None:
    """Where the key is missing, and as a warning, a misspelt section is named."""
    write_settings("secrets.toml", f'[{section}]\nkey_id = "x"\n')
    near = section.partition(".keys")[0]
    says = f"there is a section {near}; did you mean [sources.app_store_connect]?"
    refused = job.invoke()

    assert (2, is_near) == (refused.exit_code, says in refused.summary["error"])
    assert "did you mean" not in refused.summary["error"] or is_near
    assert [says] * is_near == Configuration.unknown_keys(read_configuration())


def test_section_of_a_near_name_in_the_environment(
    ask: Ask, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCES__APP_STORE_CONECT__WORKERS", "4")
    found = ask(overlapping_world(days=1))

    assert ["settings: there is a section sources.app_store_conect"] == [
        each.partition(";")[0] for each in found.of("warning")
    ]


def test_further_sections_are_those_of_the_job() -> None:
    """The known names of each section are the fields that its reader has."""
    pytest.importorskip("dagster")
    from asc_pipeline.dagster.settings import DagsterSettings

    specs: dict[str, Any] = {"alerts": AlertSettings, "dagster": DagsterSettings}
    read = {name: set(spec.get_resolvable_fields()) for name, spec in specs.items()}

    assert read == {name: set(keys) for name, keys in SUBSECTIONS.items()}


def test_settings_of_the_source_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """The arguments of the source may stand in the same section."""
    for name in inspect.signature(app_store_connect_source).parameters:
        monkeypatch.setenv(f"{KEYS}{name.upper()}", "x")
    monkeypatch.delenv(f"{KEYS}PRIVATE_KEY")

    assert [] == Configuration.unknown_keys(read_configuration())
