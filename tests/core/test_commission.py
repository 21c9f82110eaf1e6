"""What a campaign asks of its workers, through the database and back."""

from __future__ import annotations

import json

from batch_runner.core.commission import Commission
from batch_runner.core.decide import Policy
from batch_runner.core.dialect import Dialect


def test_a_commission_comes_back_as_it_was_written() -> None:
    """Every field, of every part, of its own type; nothing is rounded or left out."""
    sent = Commission(
        policy=Policy(replay=True, poll_max=7.5, download=False),
        dialect=Dialect(task_id=("data.id", "id"), completed=frozenset({"ok", "done"})),
        language="ja",
        rate=0.1,
        slots=3,
        cap=1_000_001,
        videos="s3://bucket/films",
    )
    assert Commission.from_text(sent.to_text()) == sent


def test_versions_understand_each_other() -> None:
    """What a later version adds is passed over, what an earlier one left out is as usual."""
    told = json.loads(Commission(slots=3).to_text())
    told["invented_later"] = True
    told["policy"]["invented_later"] = 1
    del told["rate"], told["policy"]["replay"]
    assert Commission.from_text(json.dumps(told)) == Commission(slots=3)
