"""The emulator as the tests use it: it records requests, breaks answers, and knows the truth.

The server itself is `asc_pipeline.emulator`, which does none of this.
"""

from asc_pipeline.emulator import (
    ApiKey,
    WorldInstance,
    WorldReport,
    WorldRequest,
    WorldSegment,
)
from tests.emulator.apple import Download, Emulator, Exchange, RateLimitStyle
from tests.emulator.faults import Fault
from tests.emulator.wire import Answer, Delivery
from tests.emulator.world import SegmentFile, World, demo_world, file_of, rows_of

__all__ = [
    "Answer",
    "ApiKey",
    "Delivery",
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
    "file_of",
    "rows_of",
]
