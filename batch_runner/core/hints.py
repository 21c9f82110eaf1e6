"""What to do about a refused value, found by looking at what the other models take."""

from __future__ import annotations

from difflib import SequenceMatcher

from batch_runner.core.check import check
from batch_runner.core.model import Severity
from batch_runner.core.profile import Catalogue, Given, Kind, Profile

MOST_MODELS = 3


def others_taking(name: str, given: Given, profile: Profile, catalogue: Catalogue) -> str:
    """Which models of the same sort take a value that this one refuses; "" if none does.

    Of the same sort are models that cannot do without the same things: one that makes videos
    of reference images is no stand-in for one that needs none.
    """
    takers = [
        other.model
        for other in catalogue.profiles.values()
        if other.model != profile.model
        and _needs(other) == _needs(profile)
        and _takes(other, name, given)
    ]
    return _sentence(takers, profile, "takes it", "take it")


def others_without_images(profile: Profile, catalogue: Catalogue) -> str:
    """Which models make a video of a prompt alone; "" if none does."""
    text_only = [
        other.model
        for other in catalogue.profiles.values()
        if not any(p.required and p.kind is Kind.IMAGES for p in other.parameters)
    ]
    return _sentence(text_only, profile, "needs no image", "need no image")


def _needs(profile: Profile) -> frozenset[str]:
    return frozenset(p.name for p in profile.parameters if p.required)


def _takes(profile: Profile, name: str, given: Given) -> bool:
    parameter = profile.parameter(name)
    if parameter is None:
        return False
    faults = check(parameter, given, profile.model).faults
    return all(fault.severity is not Severity.ERROR for fault in faults)


def _sentence(models: list[str], profile: Profile, one: str, many: str) -> str:
    """The models with the most similar names first."""

    def unlikeness(model: str) -> tuple[float, str]:
        return -SequenceMatcher(None, profile.model, model).ratio(), model

    shown = sorted(models, key=unlikeness)[:MOST_MODELS]
    if not shown:
        return ""
    return f"{' and '.join(shown)} {one if len(shown) == 1 else many}."
