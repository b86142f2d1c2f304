"""Two API keys that the emulator knows, one that it does not, and an account of six apps."""

import json
from collections.abc import Callable

import pytest

from asc_pipeline.emulator.server.tokens import ApiKey, Tokens, new_key
from tests.emulator import Emulator, World
from tests.worlds import CRASHES, add_vintages, world_with_reports

KEYS = "SOURCES__APP_STORE_CONNECT__"
ISSUER = "69a6de70-03db-47e3-e053-5b8c7c11a4d1"
SIX = tuple(f"150000000{number}" for number in range(1, 7))
NORTH, SOUTH = new_key("NORTHKEY01", ISSUER), new_key("SOUTHKEY01", ISSUER)
FOREIGN = new_key("FOREIGNKEY", ISSUER)


def world_of(app_ids: tuple[str, ...] = SIX, days: int = 3) -> World:
    world = world_with_reports(CRASHES, app_ids=app_ids)
    for app_id in app_ids:
        add_vintages(world, world.report(app_id, CRASHES), days=days)
    return world


UseKeys = Callable[..., None]


@pytest.fixture
def use_keys(monkeypatch: pytest.MonkeyPatch) -> UseKeys:
    """Put keys into the environment. The emulator knows all but the foreign one."""

    def use(apple: Emulator, **keys: tuple[ApiKey, tuple[str, ...]]) -> None:
        apple.tokens = Tokens(NORTH, SOUTH)
        monkeypatch.setenv(f"{KEYS}BASE_URL", apple.base_url)
        for name, (key, app_ids) in keys.items():
            prefix = f"{KEYS}KEYS__{name.upper()}__"
            monkeypatch.setenv(f"{prefix}KEY_ID", key.key_id)
            monkeypatch.setenv(f"{prefix}ISSUER_ID", str(key.issuer_id))
            monkeypatch.setenv(f"{prefix}PRIVATE_KEY", key.private_key)
            if app_ids:
                monkeypatch.setenv(f"{prefix}APP_IDS", json.dumps(app_ids))

    return use
