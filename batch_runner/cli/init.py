"""``batch-runner init``: a starter sheet."""

from __future__ import annotations

from pathlib import Path

import click

from batch_runner.core.language import phrase


@click.command("init")
@click.argument("path", type=click.Path(path_type=Path), default=Path("campaign.xlsx"))
@click.option("--model", metavar="NAME", help="Made for this model only.")
@click.option(
    "--launcher",
    is_flag=True,
    help="Beside it, a file to double-click that opens the dashboard; also for a sheet that is there.",
)
def command(path: Path, model: str | None, *, launcher: bool) -> int:
    """Make the starter sheet PATH (.xlsx, .csv or .tsv; default campaign.xlsx).

    A workbook gets dropdowns for model, resolution and ratio, and notes on its headers.

    \b
    batch-runner init
    batch-runner init spring.csv --model viduq3-mix
    batch-runner init campaign.xlsx --launcher
    """
    from batch_runner.app.launcher import write_launcher
    from batch_runner.app.starter import write_starter
    from batch_runner.core.errors import UsageError
    from batch_runner.core.nearest import did_you_mean
    from batch_runner.settings.profiles import load_catalogue

    catalogue = load_catalogue({})
    if model is not None and catalogue.find(model) is None:
        raise UsageError(
            phrase("there is no model {model!r}.", model=model),
            code="unknown_model",
            hint=did_you_mean(model, list(catalogue.profiles)),
        )
    if not (launcher and path.is_file()):
        write_starter(path, catalogue, model)
        _say_next(path)
    if launcher:
        made = write_launcher(path.parent)
        click.echo(phrase("{path}: a double click opens the dashboard.", path=made))
    return 0


def _say_next(path: Path) -> None:
    click.echo(phrase("{path} is made: put in your prompts and image links, then:", path=path))
    click.echo(f"  batch-runner check {path}")
    note = phrase("(a rehearsal: no key, no cost)")
    click.echo(f"  batch-runner run {path} --sandbox    {note}")
