"""What to do about a refused value, found by looking at what the other models take."""

from __future__ import annotations

from collections.abc import Callable
from difflib import SequenceMatcher
from functools import lru_cache

from batch_runner.core.check import check
from batch_runner.core.language import both, plural
from batch_runner.core.model import Severity
from batch_runner.core.profile import Catalogue, Given, Kind, Profile

MOST_MODELS = 3
_KINSHIP = 0.6  # names more alike than this are of one family


def others_taking(name: str, given: Given, profile: Profile, catalogue: Catalogue) -> str:
    """Which models of the same sort take a value that this one refuses; "" if none does.

    Of the same sort are models that cannot do without the same things: one that makes videos
    of reference images is no stand-in for one that needs none.
    """
    needs = _needs(profile)
    takers = _others(
        profile, catalogue, lambda other: _takes(other, name, given) and _needs(other) == needs
    )
    if not takers:
        return ""
    return plural("{models} takes it.", "{models} take it.", len(takers), models=both(takers))


def others_without_images(profile: Profile, catalogue: Catalogue) -> str:
    """Which models make a video of a prompt alone; "" if none does."""
    text_only = _others(
        profile,
        catalogue,
        lambda other: not any(p.required and p.kind is Kind.IMAGES for p in other.parameters),
    )
    if not text_only:
        return ""
    return plural(
        "{models} needs no image.",
        "{models} need no image.",
        len(text_only),
        models=both(text_only),
    )


def _needs(profile: Profile) -> frozenset[str]:
    return frozenset(p.name for p in profile.parameters if p.required)


def _takes(profile: Profile, name: str, given: Given) -> bool:
    parameter = profile.parameter(name)
    if parameter is None:
        return False
    faults = check(parameter, given, profile.model).faults
    return all(fault.severity is not Severity.ERROR for fault in faults)


def _others(profile: Profile, catalogue: Catalogue, fits: Callable[[Profile], bool]) -> list[str]:
    """The fitting models of the same family, or the most similar ones where it has none."""
    found: list[str] = []
    for name, is_kin in _by_likeness(profile.model, tuple(catalogue.profiles)):
        if len(found) == MOST_MODELS or (found and not is_kin):
            break
        if fits(catalogue.profiles[name]):
            found.append(name)
    return found


@lru_cache(maxsize=256)
def _by_likeness(model: str, others: tuple[str, ...]) -> tuple[tuple[str, bool], ...]:
    """The other models by how similar their names are, and whether they are of one family."""
    ratios = {name: SequenceMatcher(None, model, name).ratio() for name in others if name != model}
    ranked = sorted(ratios, key=lambda name: (-ratios[name], name))
    return tuple((name, ratios[name] >= _KINSHIP) for name in ranked)
