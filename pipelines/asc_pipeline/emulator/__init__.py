"""The bundled App Store Connect: a local server that behaves as Apple's, with invented apps in it.

It serves `--demo`, the tutorials and the tests. Of the loader it shares only Apple's nouns and
report headers, so that an error in the one is not repeated in the other.
"""

from app_store_connect.emulator.budget import RateLimitStyle
from app_store_connect.emulator.demo import demo_world
from app_store_connect.emulator.entities import (
    SegmentFile,
    WorldInstance,
    WorldReport,
    WorldRequest,
    WorldSegment,
)
from app_store_connect.emulator.faults import Fault
from app_store_connect.emulator.server import Emulator, Exchange
from app_store_connect.emulator.store import Download
from app_store_connect.emulator.tokens import ApiKey
from app_store_connect.emulator.world import World

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
