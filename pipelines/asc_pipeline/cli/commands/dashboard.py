"""The command `asc-segments dashboard`. Slow modules are imported when needed."""

import sys
import time
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import click

from asc_pipeline.cli.command import CONTEXT, Frame, examples
from asc_pipeline.cli.options import OUTPUT, PLACE, with_options
from asc_pipeline.text import PLAIN

_FILE = "asc_segments.html"


@click.command(
    "dashboard",
    short_help="Write a page of the marts.",
    epilog=examples("dashboard --open", "dashboard --output apps.html"),
    context_settings=CONTEXT,
)
@with_options(*PLACE)
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    default=_FILE,
    show_default=True,
    metavar="FILE",
    help="Where the page goes; a file there is replaced.",
)
@click.option("--open", "is_opened", is_flag=True, help="Open the page in the browser.")
@with_options(*OUTPUT)
def dashboard(**options: Any) -> None:
    """Write one HTML file that shows the marts. It loads nothing and needs no server.

    Exit codes: 0 the page is written, 2 wrong usage, the extra is missing, nothing is loaded or no
    models are built, 130 interrupted.
    """
    frame = Frame(options)
    work = partial(_write, options, frame)
    sys.exit(frame.run(work, kept="an earlier page stays", in_thread=False))


def _write(options: dict[str, Any], frame: Frame) -> int:
    from asc_pipeline.dashboard.build import Place, write_dashboard
    from asc_pipeline.dlt_pipeline.opening import Patience

    started = time.monotonic()
    place = Place(options["destination"], options["dataset"])
    patience = Patience(options["wait_seconds"], partial(click.echo, err=True))
    written = write_dashboard(place, options["output"], datetime.now(UTC), patience)
    seconds = time.monotonic() - started
    console, _ = frame.consoles()
    console.print(
        f"The dashboard is in {written.path}: {written.bytes / 1e6:.1f} MB, made in"
        f" {seconds:.1f} seconds.",
        **PLAIN,
    )
    frame.give(
        {
            "exit_code": 0,
            "output": str(written.path),
            "bytes": written.bytes,
            "apps": written.apps,
            "complete_to": written.complete_to,
            "seconds": round(seconds, 1),
        }
    )
    if options["is_opened"]:
        click.launch(written.path.as_uri())
    return 0
