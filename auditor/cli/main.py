"""The `auditor` command: its verbs in one list, its exit codes in one place."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import Any

from auditor import text
from auditor.errors import AuditorError, UsageError
from auditor.text import _

ERROR = 3
"""Exit code of every error, usage errors included (0 no gap, 1 gaps, 2 only unknowns)."""

VERBS = ("init", "run", "collect", "evaluate", "report", "verify", "controls", "keys")
"""Each verb is a module of this package; `controls` and `keys` hold sub-commands."""


def run(arguments: list[str] | None = None) -> None:
    """Run the command line and leave with its exit code."""
    sys.exit(main(sys.argv[1:] if arguments is None else arguments))


def main(arguments: list[str]) -> int:
    """Carry out one command line; return its exit code."""
    try:
        text.use(_language(arguments))
        command = build()
        code = command(args=arguments, prog_name="auditor", standalone_mode=False)
    except AuditorError as error:
        show_error(error)
        return ERROR
    except KeyboardInterrupt:
        print(_("Interrupted."), file=sys.stderr)
        return ERROR
    except BrokenPipeError:  # the reader of our output left early, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ERROR
    except Exception as error:
        show = getattr(error, "show", None)  # the parser's own usage errors
        if show is None:
            if type(error).__name__ == "Abort":
                return ERROR
            raise
        show()
        return ERROR
    return code if isinstance(code, int) else 0


def show_error(error: AuditorError) -> None:
    """Say on standard error what went wrong, and what to do next."""
    print(_("Error: {message}").format(message=error.message), file=sys.stderr)
    if error.hint:
        print("  → " + error.hint, file=sys.stderr)


def _language(arguments: list[str]) -> str:
    """Return the language asked for, before the commands and their help are built."""
    for index, word in enumerate(arguments):
        if word == "--lang" or word.startswith("--lang="):
            value = word.removeprefix("--lang=") if "=" in word else "".join(arguments[index + 1 : index + 2])
            if value not in text.LANGUAGES:
                raise UsageError(_("--lang {lang} is not one of: {known}").format(lang=value, known=", ".join(text.LANGUAGES)))
            return value
    return text.LANGUAGES[0]


def build() -> Any:
    """Return the whole command, its help in the language in use."""
    import typer

    app = typer.Typer(
        name="auditor",
        help=_("Audit a hospital's estate, or a provider, against SecNumCloud 3.2 and HDS 2.0, with proof."),
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,  # the boxes cost a quarter of a second at every start,
    )
    lang = typer.Option("fr", "--lang", help=_("Language: fr or en."))
    version = typer.Option(False, "--version", is_eager=True, callback=_say_version, help=_("Say the version and leave."))

    @app.callback()
    def options(lang: str = lang, version: bool = version) -> None:
        """Take the options that stand before the verb."""

    for verb in VERBS:
        module = import_module(f"auditor.cli.{verb}")
        if (group := getattr(module, "group", None)) is not None:
            app.add_typer(group(), name=verb)
        else:
            app.command(name=verb, help=module.summary())(module.command)
    return typer.main.get_command(app)


def _say_version(wanted: bool) -> None:
    if wanted:
        import typer

        from auditor import __version__

        print(f"auditor {__version__}")
        raise typer.Exit(0)
