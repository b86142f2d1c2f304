"""`--demo`: the bundled App Store Connect, started beside the loader."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

from app_store_connect.configuration.settings import Configuration
from asc_pipeline.emulator import PROFILES, Emulator, World, add_demo
from asc_pipeline.job.verification import DemoApps

NOTE = (
    "Demo: four invented apps, served from this machine. Delete the DuckDB file before you load"
    " your own."
)


def kept_apart(configuration: Configuration, is_demo: bool) -> DemoApps | None:
    """The demo's apps, that are not to be mixed with others. Whoever asks a server on this machine
    other than the demo's is trying something out, and may mix.
    """
    if not is_demo and configuration.base_url.startswith("http:"):
        return None
    apps = [each.app for each in PROFILES]
    own = frozenset((int(app.id), app.bundle_id or "") for app in apps)
    return DemoApps(own, is_loaded=is_demo)


@contextmanager
def start_demo(configuration: Configuration, today: date) -> Iterator[Configuration]:
    """The configuration with the key and address of an emulator that runs until the end of the
    context, and holds what Apple would hold on `today`.
    """
    world = World()
    add_demo(world, today)
    with Emulator(world) as apple:
        configuration.base_url = apple.base_url
        configuration.issuer_id = apple.issuer_id
        configuration.key_id = apple.key_id
        configuration.private_key = apple.private_key
        yield configuration
