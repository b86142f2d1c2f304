"""The bundled App Store Connect: a local server that behaves as Apple's, with invented apps in it.

It serves `--demo`, the tutorials and the tests. Of the loader it shares only Apple's nouns and
report headers, so that an error in the one is not repeated in the other.
"""

from asc_pipeline.emulator.demo.apps import PROFILES
from asc_pipeline.emulator.demo.demo import add_demo
from asc_pipeline.emulator.server.http_server import Emulator
from asc_pipeline.emulator.server.tokens import ApiKey
from asc_pipeline.emulator.world.entities import (
    WorldInstance,
    WorldReport,
    WorldRequest,
    WorldSegment,
)
from asc_pipeline.emulator.world.world import World

__all__ = [
    "PROFILES",
    "ApiKey",
    "Emulator",
    "World",
    "WorldInstance",
    "WorldReport",
    "WorldRequest",
    "WorldSegment",
    "add_demo",
]
