"""``batch-runner models``: what each model takes and costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from batch_runner.core.profile import Parameter, Profile


@click.command("models")
@click.argument("name", required=False)
def command(name: str | None) -> int:
    """List the models, or show all rules and prices of the model NAME.

    \b
    batch-runner models
    batch-runner models viduq3
    """
    from batch_runner.core.errors import UsageError
    from batch_runner.core.nearest import did_you_mean
    from batch_runner.settings.profiles import load_catalogue

    catalogue = load_catalogue({})
    if name is None:
        for profile in catalogue.profiles.values():
            default = " (default)" if profile.model == catalogue.default_model else ""
            click.echo(f"{profile.model:24} {profile.title}{default}")
        return 0
    found = catalogue.find(name)
    if found is None:
        raise UsageError(
            f"there is no model {name!r}.",
            code="unknown_model",
            hint=did_you_mean(name, list(catalogue.profiles)),
        )
    _show(found)
    return 0


def _show(profile: Profile) -> None:
    click.echo(f"{profile.model}: {profile.title}")
    for parameter in profile.parameters:
        click.echo(f"  {parameter.name:16} {_rule(parameter)}")
    for constraint in profile.constraints:
        if constraint.hint:
            click.echo(f"  rule: {constraint.hint}")
    for note in profile.notes:
        click.echo(f"  note: {note}")
    if profile.price is not None:
        _show_price(profile)
    click.echo(f"  source: {profile.source} (checked {profile.checked})")


def _show_price(profile: Profile) -> None:
    from batch_runner.app.plan import usd

    price = profile.price
    assert price is not None
    for rate in price.rates:
        amount = (
            f"{usd(rate.per_second)} a second"
            if rate.per_second
            else f"{usd(rate.per_video)} each"
        )
        when = " and ".join(
            f"{name} {' or '.join(map(str, condition.one_of)) or 'given'}"
            for name, condition in rate.when.items()
        )
        click.echo(f"  price: {amount}{f' with {when}' if when else ''} (an estimate)")
    click.echo(f"  prices from {price.source} ({price.checked}); the true charge is in cost_usd")


def _rule(parameter: Parameter) -> str:
    from batch_runner.core.check import allowed

    parts = ["required" if parameter.required else "optional", allowed(parameter)]
    if parameter.default is not None:
        parts.append(f"default {parameter.default}")
    return ", ".join(part for part in parts if part)
