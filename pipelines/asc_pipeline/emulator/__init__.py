"""The bundled App Store Connect: a local server that behaves as Apple's, with invented apps in it.

It serves `--demo`, the tutorials and the tests. Of the loader it shares only Apple's nouns and
report headers, so that an error in the one is not repeated in the other.
"""

from asc_pipeline.emulator.demo.demo import demo_world
from asc_pipeline.emulator.server.budget import RateLimitStyle
from asc_pipeline.emulator.server.faults import Fault
from asc_pipeline.emulator.server.http_server import Emulator, Exchange
from asc_pipeline.emulator.server.store import Download
from asc_pipeline.emulator.server.tokens import ApiKey
from asc_pipeline.emulator.world.entities import (
    SegmentFile,
    WorldInstance,
    WorldReport,
    WorldRequest,
    WorldSegment,
)
from asc_pipeline.emulator.world.world import World

__all__ = [
    "ApiKey",
    "Download",
    "Emulator",
    "Exchange",
    "Fault",
    "RateLimitStyle",
    "SegmentFile",
    "World",
    "WorldInstance",
    "WorldReport",
    "WorldRequest",
    "WorldSegment",
    "demo_world",
]
