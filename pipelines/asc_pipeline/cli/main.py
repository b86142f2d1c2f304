"""The command `asc-segments`. Slow modules are imported when needed."""

import sys
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from asc_pipeline.cli.command import CONTEXT, INTERRUPTED, CommandGroup, Frame, examples
from asc_pipeline.cli.commands.dashboard import dashboard
from asc_pipeline.cli.commands.digest import digest
from asc_pipeline.cli.commands.doctor import doctor
from asc_pipeline.cli.commands.emulator import emulator
from asc_pipeline.cli.commands.models import models
from asc_pipeline.cli.commands.notify import notify
from asc_pipeline.cli.commands.status import status
from asc_pipeline.cli.options import job_options, settings_of
from asc_pipeline.text import PLAIN

if TYPE_CHECKING:
    from app_store_connect.configuration.settings import Configuration
    from asc_pipeline.cli.log import Log
    from asc_pipeline.job.runner import Run, Settings
    from asc_pipeline.job.summary import Summary


@click.group(
    cls=CommandGroup,
    invoke_without_command=True,
    context_settings=CONTEXT,
    epilog=examples(
        "--demo",
        "--plan",
        "--app-id 1500000000 --since 2026-11-01",
        "--report '*' --category PERFORMANCE",
        "--quiet --destination postgres",
    ),
)
@job_options
@click.version_option(package_name="dlt-app-store-connect")
def main(**options: Any) -> None:
    """Load Apple's App Store Connect Analytics Reports into DuckDB or another dlt destination.

    Exit codes: 0 all that was due is loaded, 1 something could not be loaded, 2 wrong usage,
    configuration or credentials, 3 stopped at the request budget, 130 interrupted.
    """
    context = click.get_current_context()
    if context.invoked_subcommand:
        _refuse_options_before_it(context)
        return
    frame = Frame(options)
    sys.exit(
        frame.run(partial(_load, options, frame), kept="what was loaded stays", in_thread=True)
    )


for _each in (doctor, status, notify, models, dashboard, digest, emulator):
    main.add_command(_each)


def _refuse_options_before_it(context: click.Context) -> None:
    given = [
        each.opts[0]
        for each in context.command.params
        if each.name
        and context.get_parameter_source(each.name) is click.core.ParameterSource.COMMANDLINE
    ]
    if given:
        raise click.UsageError(
            f"{given[0]} is an option of the job: {context.invoked_subcommand} takes its own after"
            " its name"
        )


def _load(options: dict[str, Any], frame: Frame) -> int:
    from asc_pipeline.alerts.ping import pinged
    from asc_pipeline.cli.log import take_over_dlt
    from asc_pipeline.cli.progress import LogProgress, progress_for
    from asc_pipeline.job.call import with_alerts
    from asc_pipeline.job.runner import Run
    from asc_pipeline.job.summary import exit_code_of

    settings = settings_of(options)
    settings, alerts = with_alerts(settings, is_silent=options["demo"] or settings.is_plan)
    is_quiet = options["quiet"]
    log = frame.log.muted() if is_quiet else frame.log
    if not frame.is_debug:
        take_over_dlt(log)
    with ExitStack() as stack:
        ping = stack.enter_context(pinged(alerts.ping_url, exit_code_of))
        configuration, settings = _of_demo(options, settings, stack)
        _, errors = frame.consoles()
        progress = progress_for("none" if is_quiet else options["progress"], errors, log)
        is_logged = frame.log.is_json or isinstance(progress, LogProgress)
        log = log if is_logged else log.muted()
        stack.callback(progress.close)
        run = Run(configuration, settings, progress, run_id=frame.log.run_id)
        frame.interruption.on_request = run.interrupt
        if frame.interruption.is_requested:
            run.interrupt()
        _execute(run, log, frame)
        ping.end(run.summary.exit_code)
        run.summary.outcome.notices += ping.notices
        progress.close()
        text = f"ends with {run.summary.exit_code} after {run.summary.seconds:.1f} s"
        log.write("end", text, **run.summary.as_json())
        _tell(run.summary, options, settings, frame)
        return run.summary.exit_code


def _execute(run: "Run", log: "Log", frame: Frame) -> None:
    """Log the begin of the run, and the end of one that is refused: its error has no date."""
    from app_store_connect.errors import AppStoreConnectError
    from asc_pipeline.job.summary import exit_code_of

    log.write("start", f"asc-segments {run.summary.version} begins", version=run.summary.version)
    try:
        run.execute()
    except AppStoreConnectError as error:
        if not log.is_json:  # with json the error is the last line itself
            is_interrupted = frame.interruption.is_requested
            code = INTERRUPTED if is_interrupted else exit_code_of(error)
            log.write("end", f"ends with {code}")
        raise


def _of_demo(
    options: dict[str, Any], settings: "Settings", stack: ExitStack
) -> tuple["Configuration", "Settings"]:
    """The configuration, of the emulator for a demo, and settings that keep its data apart."""
    from app_store_connect.api.keys import DEFAULT_KEY
    from app_store_connect.configuration.settings import read_configuration
    from asc_pipeline.cli.demo import kept_apart, start_demo

    configuration = read_configuration()
    if not options["mix_demo"]:
        settings = replace(settings, demo_apps=kept_apart(configuration, options["demo"]))
    if options["demo"]:
        configuration = stack.enter_context(start_demo(configuration, datetime.now(UTC).date()))
        settings = replace(settings, keys=(DEFAULT_KEY,))
    return configuration, settings


def _tell(summary: "Summary", options: dict[str, Any], settings: "Settings", frame: Frame) -> None:
    from asc_pipeline.cli.console import print_failures, print_plan, print_summary
    from asc_pipeline.cli.demo import NOTE

    console, errors = frame.consoles()
    if options["quiet"] and frame.log.is_json:
        if summary.exit_code:
            text = f"ends with {summary.exit_code}"
            frame.log.write("end", text, **summary.as_json())
    elif options["quiet"]:
        print_failures(summary, errors)
    elif not frame.log.is_json:
        if options["demo"]:
            errors.print(NOTE, **PLAIN)
        if settings.is_plan:
            print_plan(summary, console, settings.options)
        else:
            print_summary(summary, console)
    frame.give(summary.as_json())
