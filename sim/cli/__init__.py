"""The command line: one file per command, imported only when it is called."""

from __future__ import annotations

import gc
import signal
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from types import FrameType, ModuleType

import click

from sim.cli.common import Output, failure
from sim.core.errors import StorageError, UrbanMineError, UsageError
from sim.core.version import program_version

# name -> what `--help` says of it; the command is `command` in `sim.cli.<name>`
COMMANDS: dict[str, str] = {
    "run": "Simulate a scenario, save the results and write the report.",
    "sweep": "Run many points of a scenario; the same command again goes on where it stopped.",
    "validate": "Check scenario files; say every fault with its line.",
    "new": "Write a commented scenario that extends another.",
    "report": "Write the report of a results folder again.",
    "compare": "Say why runs differ: inputs, results with intervals, and what each change makes of it.",
    "target": "Find the smallest change of named numbers that reaches a yearly goal, or why none does.",
    "trace": "Follow recovered metal back to where it was discarded.",
    "export": "Write the tables of a results folder in other formats.",
    "explain": "Say what a key means, its value, and where that comes from.",
    "schema": "Print the JSON Schema of scenario files.",
    "data": "Show the reference data and their sources.",
    "doctor": "Check this installation.",
}


# new objects between two searches for garbage: what a command loads stays till its end, and searching it at the
# default of 700 takes a tenth of `validate`
NEW_OBJECTS = 100_000
PLUGINS = "pydantic.plugin._loader"


class LazyGroup(click.Group):
    """A group whose commands are modules, imported when called and not for `--help`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of the commands this copy of the program has."""
        return [name for name in COMMANDS if _is_here(name)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return a command; None where there is none of this name."""
        if not _is_here(cmd_name):
            return None
        command: click.Command = import_module(f"sim.cli.{cmd_name}").command
        return command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that is called; a misspelt one is answered with the nearest."""
        if args and not _is_here(args[0]) and not ctx.resilient_parsing:
            from sim.scenario.keys import nearest  # noqa: PLC0415 - only on a miss

            near = nearest(args[0], self.list_commands(ctx))
            ctx.fail(f"there is no command '{args[0][:80]}'." + (f" Did you mean {near}?" if near else ""))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name]) for name in self.list_commands(ctx)])


def _is_here(name: str) -> bool:
    return name in COMMANDS and find_spec(f"sim.cli.{name}") is not None


def _version(ctx: click.Context, _: click.Parameter, asked: bool) -> None:
    if asked and not ctx.resilient_parsing:
        click.echo(f"urban-mine {program_version()}")
        ctx.exit()


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Print the version and stop.")
def cli() -> None:
    """urban-mine: how much metal comes back from discarded electronics, where, when and at what cost.

    Start with: urban-mine new my_scenario, then urban-mine run my_scenario.toml
    """


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit code documented for it and never raises for a user's mistake."""
    args = list(sys.argv[1:] if argv is None else argv)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a stream put there by a test or a notebook may lack it
            stream.reconfigure(encoding="utf-8", errors="replace")
    before, collected_after = signal.signal(signal.SIGTERM, _terminated), gc.get_threshold()
    gc.set_threshold(NEW_OBJECTS, *collected_after[1:])
    sys.modules.setdefault(PLUGINS, _no_plugins())
    out = Output(as_json="--json" in args, verbose="-v" in args or "--verbose" in args)
    try:
        return _call(args, out)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 0
    except BrokenPipeError:
        # the reader of a pipe (`| head`) has seen enough; keep the interpreter from flushing into it again
        sys.stdout = None
        return 0
    finally:
        signal.signal(signal.SIGTERM, before)
        gc.set_threshold(*collected_after)
        if argv is None:
            gc.freeze()  # the process ends: searching all that is left once more for garbage takes a tenth of `validate`


def _no_plugins() -> ModuleType:
    """What stands in for pydantic's search of every installed distribution for plugins, which takes a tenth of `validate`."""
    loader = ModuleType(PLUGINS)
    vars(loader)["get_plugins"] = tuple
    return loader


def _call(args: list[str], out: Output) -> int:
    try:
        code = cli.main(args, prog_name="urban-mine", standalone_mode=False)
    except (click.ClickException, click.Abort, KeyboardInterrupt, UrbanMineError) as error:
        code = _expected(error, out)
    except BrokenPipeError:
        raise
    except OSError as error:
        where = f": {error.filename}" if error.filename else ""
        code = failure(out, StorageError.exit_code, f"{error.strerror or error}{where}")
    except Exception as error:  # a bug: say so in a line, with the traceback on request
        if out.verbose:
            import traceback  # noqa: PLC0415 - start-up time

            traceback.print_exc()
        hint = "This is a fault of the program, not of your input; -v shows where. Please report it."
        code = failure(out, 1, f"{type(error).__name__}: {error}", hint=hint)
    return code if isinstance(code, int) else 0


def _expected(error: BaseException, out: Output) -> int:
    """Say a failure that is nobody's bug; returns its exit code."""
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        click.echo(error.ctx.get_help() if error.ctx else str(error), err=True)
        return UsageError.exit_code
    if isinstance(error, click.ClickException):
        return failure(out, UsageError.exit_code, error.format_message(), hint=_usage_hint(error))
    if isinstance(error, UrbanMineError):
        return failure(out, error.exit_code, str(error), faults=getattr(error, "faults", ()))
    return failure(out, 130, "stopped by Ctrl-C")


def _usage_hint(error: click.ClickException) -> str:
    context = getattr(error, "ctx", None)
    return f"Try '{context.command_path} --help'." if context is not None else ""


def _terminated(signum: int, _: FrameType | None) -> None:
    raise SystemExit(128 + signum)
