"""What a check found: a table on a terminal, a line each elsewhere, where programs read them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain, islice

import click

from batch_runner.app.check import Finding
from batch_runner.cli.words import problem_line, visible
from batch_runner.core.model import Severity, address

MOST = 500  # findings in a table; more are lines, which take no memory

_STYLES = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTICE: "cyan"}


def print_findings(findings: Iterable[Finding], name: str, *, terminal: bool) -> bool:
    """Print them; gives whether there were any."""
    rest = iter(findings)
    first = list(islice(rest, MOST + 1)) if terminal else []
    if first and len(first) <= MOST:
        _print_table(first, name)
        return True
    some = False
    for finding in chain(first, rest):
        some = True
        click.echo(visible(problem_line(finding.problem, name, finding.worksheet)))
    return some


def _print_table(findings: Sequence[Finding], name: str) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, title=Text(name, style="bold"), title_justify="left")
    table.add_column("Cell", no_wrap=True)
    table.add_column("")
    table.add_column("What is wrong")
    table.add_column("What to do", style="dim")
    for finding in findings:
        problem = finding.problem
        table.add_row(
            Text(visible(address("", finding.worksheet, problem.row, problem.column))),
            Text(str(problem.severity), style=_STYLES[problem.severity]),
            Text(visible(problem.message)),
            Text(visible(problem.hint)),
        )
    Console().print(table)
