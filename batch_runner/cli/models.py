"""``batch-runner models``: what each model takes and costs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from batch_runner.cli.options import config_option
from batch_runner.core.language import phrase

if TYPE_CHECKING:
    from batch_runner.core.profile import Catalogue, Profile


@click.command("models")
@click.argument("name", required=False)
@config_option
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def command(name: str | None, config: Path | None, *, as_json: bool) -> int:
    """List the models, or show all rules and prices of the model NAME.

    NAME may also be a profile's file, which is checked then.

    \b
    batch-runner models
    batch-runner models viduq3
    batch-runner models my-model.yaml
    """
    from batch_runner.app.model_document import models_document, profile_document

    if name is None:
        catalogue = _catalogue(config)
        if as_json:
            click.echo(json.dumps(models_document(catalogue), ensure_ascii=False, indent=2))
        else:
            _list(catalogue)
        return 0
    found = _profile(name, config)
    if as_json:
        click.echo(json.dumps(profile_document(found), ensure_ascii=False, indent=2))
    else:
        _show(found)
    return 0


def _catalogue(config: Path | None) -> Catalogue:
    from batch_runner.settings.profiles import load_catalogue
    from batch_runner.settings.resolve import profiles_named_by

    return load_catalogue({}, None if config is None else profiles_named_by(config))


def _profile(name: str, config: Path | None) -> Profile:
    """The model of a name, or what a file describes.

    Raises:
        UsageError: there is no such model.
        ConfigError: the file is no profile.
    """
    from batch_runner.core.errors import UsageError
    from batch_runner.core.nearest import did_you_mean
    from batch_runner.settings.profiles import read_profile

    if name.endswith((".yaml", ".yml")):
        return read_profile(Path(name))
    catalogue = _catalogue(config)
    found = catalogue.find(name)
    if found is None:
        raise UsageError(
            phrase("there is no model {name!r}.", name=name),
            code="unknown_model",
            hint=did_you_mean(name, list(catalogue.profiles)),
        )
    return found


def _list(catalogue: Catalogue) -> None:
    from batch_runner.core.describe import starting_price

    wide = max(map(len, catalogue.profiles), default=0)
    first = catalogue.default_model
    for profile in sorted(
        catalogue.profiles.values(), key=lambda p: (p.model != first, p.model.casefold())
    ):
        default = " (default)" if profile.model == catalogue.default_model else ""
        price = starting_price(profile.price)
        click.echo(f"{profile.model:{wide}}  {price:15} {profile.title}{default}")


def _show(profile: Profile) -> None:
    from batch_runner.core.describe import describe_parameter, describe_rule

    click.echo(f"{profile.model}: {profile.title}")
    if profile.aliases:
        click.echo(f"  also called: {', '.join(profile.aliases)}")
    for parameter in profile.parameters:
        click.echo(f"  {parameter.name:18} {describe_parameter(parameter)}")
    for rule in profile.constraints:
        sentences = " ".join(describe_rule(profile, rule))
        click.echo(f"  rule: {sentences} {rule.hint}".rstrip())
    for note in profile.notes:
        click.echo(f"  note: {note}")
    _show_price(profile)
    click.echo(f"  source: {profile.source} (checked {profile.checked})")


def _show_price(profile: Profile) -> None:
    from batch_runner.core.describe import describe_price

    price = profile.price
    if price is None:
        click.echo("  price: not known; --budget and --max-cost refuse rows of this model")
        return
    for line in describe_price(profile, price):
        click.echo(f"  price: {line}")
    if price.note:
        click.echo(f"  about prices: {price.note}")
    click.echo(f"  prices from {price.source} ({price.checked}); the true charge is in cost_usd")
