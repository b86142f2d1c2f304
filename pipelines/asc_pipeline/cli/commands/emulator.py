"""The command `asc-segments emulator`. Slow modules are imported when needed."""

import os
import shlex
import subprocess  # nosec B404 # runs the command that the user gives
import sys
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from asc_pipeline.cli.command import CONTEXT, examples
from asc_pipeline.cli.signals import terminated_as_interrupted

if TYPE_CHECKING:
    from asc_pipeline.emulator import Emulator

_PREFIX = "SOURCES__APP_STORE_CONNECT__"
_SIGNALLED = 128
"""Shells add the number of the signal to this for the exit code."""


@click.command(
    "emulator",
    short_help="Serve the demo's App Store Connect.",
    epilog=examples("emulator python my_pipeline.py", "emulator > emulator.sh"),
    context_settings={**CONTEXT, "ignore_unknown_options": True, "allow_interspersed_args": False},
)
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
def emulator(command: tuple[str, ...]) -> None:
    """Serve the demo's App Store Connect on this machine, for a pipeline of your own.

    With a COMMAND run it with the settings in its environment, and end with its exit code. Without
    one print the settings as shell commands, and serve until Ctrl-C.
    """
    from asc_pipeline.emulator import Emulator, World, add_demo

    if command and command[0].startswith("-"):
        raise click.NoSuchOption(command[0])
    world = World()
    add_demo(world, datetime.now(UTC).date())
    with terminated_as_interrupted(), Emulator(world) as apple:
        try:
            sys.exit(_run(command, apple) if command else _serve(apple))
        except KeyboardInterrupt:
            sys.exit(0)


def settings_for(apple: "Emulator") -> dict[str, str]:
    """The environment that makes the source, and the job, ask this emulator."""
    return {
        f"{_PREFIX}BASE_URL": apple.base_url,
        f"{_PREFIX}ISSUER_ID": apple.issuer_id,
        f"{_PREFIX}KEY_ID": apple.key_id,
        f"{_PREFIX}PRIVATE_KEY": apple.private_key.replace("\n", "\\n"),
    }


def _run(command: tuple[str, ...], apple: "Emulator") -> int:
    environment = {**os.environ, **settings_for(apple)}
    try:
        # it is the user's own command, and no shell reads it
        done = subprocess.run(command, env=environment, check=False)  # noqa: S603  # nosec B603
        return done.returncode if done.returncode >= 0 else _SIGNALLED - done.returncode
    except OSError as error:
        raise click.UsageError(f"{command[0]} cannot be run: {error.strerror}") from None


def _serve(apple: "Emulator") -> int:
    for name, value in settings_for(apple).items():
        click.echo(f"export {name}={shlex.quote(value)}")
    sys.stdout.flush()
    if getattr(sys.stdout, "failure", None):  # nobody learns the key
        return 1
    click.echo(f"serving on {apple.base_url} until Ctrl-C", err=True)
    threading.Event().wait()
    return 0
