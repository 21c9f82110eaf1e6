"""``batch-runner init``: a starter sheet."""

from __future__ import annotations

from pathlib import Path

import click

from batch_runner.core.language import phrase


@click.command("init")
@click.argument("path", type=click.Path(path_type=Path), default=Path("campaign.xlsx"))
@click.option("--model", metavar="NAME", help="Made for this model only.")
def command(path: Path, model: str | None) -> int:
    """Make the starter sheet PATH (.xlsx, .csv or .tsv; default campaign.xlsx).

    A workbook gets dropdowns for model, resolution and ratio, and notes on its headers.

    \b
    batch-runner init
    batch-runner init spring.csv --model viduq3-mix
    """
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
    write_starter(path, catalogue, model)
    click.echo(phrase("{path} is made: put in your prompts and image links, then:", path=path))
    click.echo(f"  batch-runner check {path}")
    note = phrase("(a rehearsal: no key, no cost)")
    click.echo(f"  batch-runner run {path} --sandbox    {note}")
    return 0
