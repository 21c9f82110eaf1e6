"""The sample with pictures of its own: right as it is, and made by the script beside this test."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from PIL import Image, ImageChops

from batch_runner.core.picture import flaws
from batch_runner.provider.examine import examine

PICTURES = Path(__file__).parents[2] / "samples" / "pictures"
MAKER = Path(__file__).with_name("make_pictures.py")


def test_the_pictures_satisfy_all_rules_and_are_tiny() -> None:
    """Whoever tries the sample uploads next to nothing."""
    for path in PICTURES.glob("*.png"):
        content = path.read_bytes()
        assert list(flaws(examine(content))) == []
        assert len(content) < 3000


def test_the_maker_makes_the_committed_pictures(tmp_path: Path) -> None:
    """They can be made anew."""
    subprocess.run([sys.executable, str(MAKER), str(tmp_path)], check=True)
    made = {path.name: path for path in tmp_path.glob("*.png")}
    assert made.keys() == {path.name for path in PICTURES.glob("*.png")}
    for name, path in made.items():
        one, other = (Image.open(p).convert("RGB") for p in (path, PICTURES / name))
        assert ImageChops.difference(one, other).getbbox() is None
