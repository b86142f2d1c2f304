"""The command `asc-segments digest`. Slow modules are imported when needed."""

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import click

from asc_pipeline.cli.command import CONTEXT, Frame, examples
from asc_pipeline.cli.options import OUTPUT, PLACE, with_options
from asc_pipeline.text import PLAIN

if TYPE_CHECKING:
    from asc_pipeline.digest.text import Digest

_ENDINGS = (".md", ".html")


def _file(_: click.Context, __: click.Parameter, value: Path | None) -> Path | None:
    if value and value.suffix not in _ENDINGS:
        raise click.BadParameter(f"{value.name} ends neither with .md nor with .html")
    return value


@click.command(
    "digest",
    short_help="Sum up the last week.",
    epilog=examples(
        "digest", "digest --output digest.html", "digest --send --attach asc_segments.html"
    ),
    context_settings=CONTEXT,
)
@with_options(*PLACE)
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    callback=_file,
    metavar="FILE",
    help="Write it to a file that ends with .md or .html.",
)
@click.option("--send", "is_sent", is_flag=True, help="Send it to the addresses in alerts.urls.")
@click.option(
    "--attach",
    "attachments",
    multiple=True,
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="With --send: a file to send with it, such as the dashboard. Repeatable.",
)
@with_options(*OUTPUT)
def digest(**options: Any) -> None:
    """Sum up the last complete week: against the one before and the same week last year.

    Reads the marts that asc-segments models builds; Apple is not asked.

    Exit codes: 0, 1 an address was not reached, 2 wrong usage, no marts or no complete week, 130
    interrupted.
    """
    frame = Frame(options)
    work = partial(_sum_up, options, frame)
    sys.exit(frame.run(work, kept="nothing was changed", in_thread=False))


def _sum_up(options: dict[str, Any], frame: Frame) -> int:
    from app_store_connect.errors import ConfigurationError
    from asc_pipeline.alerts.settings import required_urls
    from asc_pipeline.digest.questions import read_digest
    from asc_pipeline.digest.text import plain_lines
    from asc_pipeline.dlt_pipeline.opening import Patience

    urls = required_urls() if options["is_sent"] else []
    if missing := [str(each) for each in options["attachments"] if not each.is_file()]:
        raise ConfigurationError(f"there is no file {', '.join(missing)} to attach")
    today = datetime.now(UTC).date()
    patience = Patience(options["wait_seconds"], partial(click.echo, err=True))
    found = read_digest(options["destination"], options["dataset"], today, patience)
    if output := options["output"]:
        _write(output, found)
    lines = plain_lines(found)
    notices = _sent(urls, found, lines, options["attachments"]) if urls else []
    console, errors = frame.consoles()
    console.print(found.title, **PLAIN)
    for line in lines:
        console.print(f"- {line}", **PLAIN)
    if output:
        console.print(f"written to {output}", **PLAIN)
    for notice in notices:
        errors.print(notice, **PLAIN)
    exit_code = int(bool(notices))
    frame.give({"exit_code": exit_code, **found.as_json(), "notices": notices})
    return exit_code


def _sent(
    urls: list[str], found: "Digest", lines: list[str], attachments: Sequence[Path]
) -> list[str]:
    from asc_pipeline.alerts.channels import send
    from asc_pipeline.digest.picture import write_picture

    with TemporaryDirectory(prefix="asc-digest-") as folder:
        picture = Path(folder) / f"app_store_connect_{found.monday}.png"
        write_picture(picture, found.picture())
        return send(urls, found.title, "\n".join(lines), [picture, *attachments])


def _write(output: Path, found: "Digest") -> None:
    """A Markdown file has its picture beside it."""
    from app_store_connect.errors import ConfigurationError
    from asc_pipeline.digest.picture import drawn, write_picture
    from asc_pipeline.digest.text import as_html, as_markdown

    if output.suffix == ".html":
        text = as_html(found, drawn(found.picture(), "svg"))
    else:
        picture = output.with_suffix(".svg")
        write_picture(picture, found.picture())
        text = as_markdown(found, picture.name)
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(f"{output} cannot be written: {error.strerror}") from None
