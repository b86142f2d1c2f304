"""The command `asc-segments`. Slow modules are imported when needed."""

import logging
import sys
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

import click

from asc_pipeline.cli.command import CONTEXT, CommandGroup, Frame
from asc_pipeline.cli.models import models
from asc_pipeline.cli.options import job_options, settings_of


@click.group(cls=CommandGroup, invoke_without_command=True, context_settings=CONTEXT)
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


main.add_command(models)


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
    from app_store_connect.configuration.settings import read_configuration
    from asc_pipeline.cli.console import print_plan, print_summary
    from asc_pipeline.cli.progress import progress_for, worth_showing
    from asc_pipeline.job.runner import Run

    settings = settings_of(options)
    if not frame.is_debug:
        logging.getLogger("dlt").addFilter(worth_showing)
    console, errors = frame.consoles()
    with ExitStack() as stack:
        configuration = read_configuration()
        if options["demo"]:
            from app_store_connect.api.keys import DEFAULT_KEY
            from asc_pipeline.cli.demo import start_demo

            today = datetime.now(UTC).date()
            configuration = stack.enter_context(start_demo(configuration, errors, today))
            settings = replace(settings, keys=(DEFAULT_KEY,))
        progress = progress_for(options["progress"], errors)
        stack.callback(progress.close)
        run = Run(configuration, settings, progress)
        frame.interruption.on_request = run.interrupt
        if frame.interruption.is_requested:
            run.interrupt()
        run.execute()
        progress.close()
        if settings.is_plan:
            print_plan(run.summary, console, settings.options)
        else:
            print_summary(run.summary, console)
        frame.give(run.summary.as_json())
        return run.summary.exit_code
