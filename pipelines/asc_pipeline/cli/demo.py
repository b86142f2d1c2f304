"""`--demo`: the bundled App Store Connect, started beside the loader."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

from rich.console import Console

from app_store_connect.configuration.settings import Configuration
from asc_pipeline.emulator import Emulator, World, add_demo


@contextmanager
def start_demo(
    configuration: Configuration, console: Console, today: date
) -> Iterator[Configuration]:
    """The configuration with the key and address of an emulator that runs until the end of the
    context, and holds what Apple would hold on `today`.
    """
    world = World()
    add_demo(world, today)
    with Emulator(world) as apple:
        console.print(
            "Demo: four invented apps, served from this machine. Delete the DuckDB file before you"
            " load your own.",
            highlight=False,
            soft_wrap=True,
        )
        configuration.base_url = apple.base_url
        configuration.issuer_id = apple.issuer_id
        configuration.key_id = apple.key_id
        configuration.private_key = apple.private_key
        yield configuration
