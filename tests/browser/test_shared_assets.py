"""What all our pages share: colours that can be read, words for each state in each language."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import batch_runner
from batch_runner.core.lifecycle import State, shown

ASSETS = Path(batch_runner.__file__).parent / "assets"
READABLE = 4.5  # WCAG 2, AA, for text of usual size


def _schemes() -> dict[str, dict[str, str]]:
    """Light and dark: name -> colour."""
    text = (ASSETS / "tokens.css").read_text(encoding="utf-8")
    light, dark = text.split("@media")
    found = [dict(re.findall(r"--([\w-]+): (#\w{6});", part)) for part in (light, dark)]
    return {"light": found[0], "dark": found[0] | found[1]}


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one: str, other: str) -> float:
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_colour_of_text_can_be_read_on_every_ground(scheme: str) -> None:
    """Text, and each state's colour, stands out 4.5 to 1 from each ground it may stand on."""
    colours = _schemes()[scheme]
    texts = [name for name in colours if name.startswith("state-")]
    texts += ["ink", "muted", "accent", "danger"]
    weak = [
        (text, ground)
        for text in texts
        for ground in ("paper", "card", "sunken")
        if _contrast(colours[text], colours[ground]) < READABLE
    ]
    assert weak == []
    assert _contrast(colours["accent-ink"], colours["accent"]) >= READABLE


def test_every_state_has_a_sign_of_its_own_and_a_word_in_each_language() -> None:
    """A state is told by its sign and word, never by its colour alone."""
    told = json.loads((ASSETS / "states.json").read_text(encoding="utf-8"))
    states = {str(shown(state)) for state in State}
    assert all(set(words) == states for words in told.values())
    assert set(told) == {"signs", "en", "ja", "zh"}
    assert len(set(told["signs"].values())) == len(states)
