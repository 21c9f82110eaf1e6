"""The commands, each loaded when it is used, and the one place where errors become exit codes."""

from __future__ import annotations

import contextlib
import importlib
import signal
import threading
from collections.abc import Iterator
from contextvars import copy_context
from typing import Any

import click

import batch_runner
from batch_runner.cli.language import LANGUAGE, speak_as_the_user_does
from batch_runner.core.errors import BatchRunnerError
from batch_runner.core.language import phrase

INTERRUPTED = 130
TERMINATED = 143
UNUSABLE = 2

COMMANDS = {
    "run": "Make the videos of a sheet; run again to go on after anything.",
    "serve": "Show all sheets in the browser, and run them there.",
    "worker": "Take rows of all sheets whose ledger is in one database, on this machine.",
    "schedule": "Run a batch file at its times, for those without cron.",
    "check": "Say all that is wrong with a sheet, and what it would cost.",
    "status": "Show how a sheet stands, during a run and after.",
    "ctl": "Pause, hurry, drain or stop a run that is on, from another shell.",
    "retry": "Try failed rows once more.",
    "redo": "Make rows once more; what was made before is kept.",
    "resolve": "Settle rows of which nobody knows whether they were accepted.",
    "apply": "Take decisions made in the gallery into a sheet.",
    "restore": "Take our columns out of a sheet, or get it as it was at first.",
    "sync": "Write what is known into a sheet again; sends nothing.",
    "links": "Ask for fresh links of finished videos; sends nothing.",
    "report": "Make a page to look at the videos; or write a lost sheet again.",
    "share": "Pack gallery, videos and a plain copy of a sheet, to be sent.",
    "spend": "Show what all your sheets spent, by day or month.",
    "move": "Tell a sheet's memory that the sheet was renamed or moved.",
    "ledger": "Bring a sheet's memory into a database for many machines, or back.",
    "init": "Make a starter sheet with dropdowns and notes.",
    "models": "List the models, or all rules of one.",
    "setup": "Store an API key where only you can read it.",
    "notify": "Send a test message to everybody who is told of runs.",
    "sandbox": "Start a local look-alike of the provider.",
}


class LazyGroup(click.Group):
    """Imports a command's module only when that command is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """In the order one meets them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """The command of a name."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"batch_runner.cli.{cmd_name}")
        command: click.Command = module.command
        if LANGUAGE not in command.params:
            command.params.append(LANGUAGE)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, with the nearest name for a mistyped one."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            from batch_runner.core.nearest import did_you_mean

            ctx.fail(f"There is no command {args[0]!r}. {did_you_mean(args[0], COMMANDS)}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """From the table above, so that help is instant."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


def _tell_version(ctx: click.Context, _option: click.Parameter, wanted: bool) -> None:  # noqa: FBT001 - click's way
    if wanted:
        click.echo(f"batch-runner, version {batch_runner.__version__}")
        ctx.exit()


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_tell_version,
    help="Show the version and exit.",
)
def group() -> None:
    """Turn a spreadsheet of prompts into videos, and write the links back into the same rows.

    \b
    Try it without a key:   batch-runner init first.xlsx
                            batch-runner run first.xlsx --sandbox
    For real:               batch-runner setup
                            batch-runner check campaign.xlsx
                            batch-runner run campaign.xlsx
    """


def cli(args: list[str] | None = None) -> int:
    """Run a command line; gives the exit code."""
    return copy_context().run(_cli, args)  # the language it speaks is this command's only


def _cli(args: list[str] | None) -> int:
    speak_as_the_user_does()
    try:
        with _ended_by_sigterm():
            result: Any = group.main(args=args, prog_name="batch-runner", standalone_mode=False)
    except BatchRunnerError as error:
        click.echo(phrase("Error: {reason}", reason=error), err=True)
        return error.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        click.echo(phrase("Interrupted."), err=True)
        return INTERRUPTED
    return result if isinstance(result, int) else 0


@contextlib.contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    """Within this block SIGTERM ends a command as Ctrl-C does: in order, everything closed."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may say what a signal does
        return
    old = signal.signal(signal.SIGTERM, _exit_in_order)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, old)


def _exit_in_order(_number: int, _frame: object) -> None:
    raise SystemExit(TERMINATED)
