"""``models --json``: what a model takes and costs, for other programs."""

from __future__ import annotations

from dataclasses import asdict

from batch_runner.app.documents import SCHEMA, money
from batch_runner.core.describe import describe_parameter, describe_price, describe_rule
from batch_runner.core.profile import Catalogue, Condition, Parameter, Price, Profile


def models_document(catalogue: Catalogue) -> dict[str, object]:
    """All models."""
    return {
        "schema": SCHEMA,
        "default": catalogue.default_model,
        "models": [profile_document(profile) for profile in catalogue.profiles.values()],
    }


def profile_document(profile: Profile) -> dict[str, object]:
    """One model; sentences for people beside what they say."""
    return {
        "model": profile.model,
        "title": profile.title,
        "aliases": list(profile.aliases),
        "source": profile.source,
        "checked": profile.checked.isoformat(),
        "parameters": [_parameter(one) for one in profile.parameters],
        "rules": [
            {"sentences": list(describe_rule(profile, rule)), "hint": rule.hint}
            for rule in profile.constraints
        ],
        "price": None if profile.price is None else _price(profile, profile.price),
        "usual_seconds": profile.usual_seconds and list(profile.usual_seconds),
        "notes": list(profile.notes),
    }


def _parameter(one: Parameter) -> dict[str, object]:
    facts = asdict(one)
    kept = ("name", "required", "default", "low", "high", "max_length", "min_items", "max_items")
    return {
        **{name: facts[name] for name in kept},
        "kind": str(one.kind),
        "choices": list(one.choices),
        "also": list(one.also),
        "unit": one.unit,
        "sent_as": list(one.api_names),
        "sentence": describe_parameter(one),
    }


def _price(profile: Profile, price: Price) -> dict[str, object]:
    return {
        "checked": price.checked.isoformat(),
        "source": price.source,
        "rates": [
            {
                "when": {name: _condition(one) for name, one in rate.when.items()},
                "usd_per_second": money(rate.per_second),
                "usd_per_video": money(rate.per_video),
            }
            for rate in price.rates
        ],
        "low": float(price.low),
        "high": float(price.high),
        "sentences": list(describe_price(profile, price)),
        "note": price.note,
    }


def _condition(one: Condition) -> object:
    """As profiles write it."""
    if one.present is not None:
        return "present" if one.present else "absent"
    if one.span is not None:
        bounds = {"at_least": one.span.low, "at_most": one.span.high}
        return {name: number for name, number in bounds.items() if number is not None}
    return list(one.one_of)
