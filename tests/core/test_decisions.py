"""Decision cells are read as people write them, and takes follow from what was wished for."""

from __future__ import annotations

import json
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_runner.core.decisions import Decision, Word, read_decision
from batch_runner.core.lifecycle import State
from batch_runner.core.profile import Kind, Parameter, Profile
from batch_runner.core.takes import Asked, Redo, Take, not_now, seed_of, take_of, unfit


def model(*parameters: Parameter) -> Profile:
    """A model with these parameters."""
    return Profile(model="m", title="", source="", checked=date(2026, 1, 1), parameters=parameters)


SEEDED = model(Parameter(name="seed", kind=Kind.INTEGER, low=1, high=100, send_as="s"))
SEEDLESS = model()


@pytest.mark.parametrize(
    ("cell", "meant"),
    [
        ("redo", Decision(word=Word.REDO)),
        (" REDO 2 ", Decision(word=Word.REDO, number=2)),
        ("redo seed=7", Decision(word=Word.REDO, seed=7)),
        ("ｒｅｄｏ　２", Decision(word=Word.REDO, number=2)),
        ("やり直し", Decision(word=Word.REDO)),
        ("重做2", Decision(word=Word.REDO, number=2)),
        ("スキップ", Decision(word=Word.SKIP)),
        ("跳過", Decision(word=Word.SKIP)),
        ("採用", Decision(word=Word.KEEP)),
        ("keep 3", Decision(word=Word.KEEP, number=3)),
        ("拒绝", Decision(word=Word.REJECT)),
    ],
)
def test_a_decision_is_understood(cell: str, meant: Decision) -> None:
    """Case, width and blanks don't matter; English, Japanese and Chinese words are known."""
    assert read_decision(cell) == meant
    assert read_decision(meant.text) == meant


@pytest.mark.parametrize(
    "cell", ["", "redone", "redo it", "keep seed=7", "2", 2, "redo seed=-1", None]
)
def test_what_is_no_decision_is_none(cell: str | int | None) -> None:
    """A note of the user's is never taken for a wish that costs money."""
    assert read_decision(cell) is None


@given(st.text(max_size=40))
def test_no_text_breaks_it(text: str) -> None:
    """Whatever stands in the cell is a decision or none."""
    decision = read_decision(text)
    assert decision is None or read_decision(decision.text) == decision


@given(
    body=st.dictionaries(st.sampled_from("abc"), st.integers()),
    take=st.integers(2, 50),
    new=st.booleans(),
    note=st.text(max_size=5),
)
def test_a_take_is_kept_as_it_was_meant(
    body: dict[str, int], take: int, *, new: bool, note: str
) -> None:
    """Its seed is in the model's range, follows from the job, and survives the ledger."""
    asked = Asked(model="m", body=json.dumps(body).encode(), mark="ab", take=take)
    wished = take_of(asked, Redo(new_seed=new, note=note), SEEDED)
    again = Take.from_json(wished.to_json())
    assert again == wished == take_of(asked, Redo(new_seed=new, note=note), SEEDED)
    sent = json.loads(again.request("m", asked.body))
    assert 1 <= sent.pop("s") <= 100
    assert sent == body
    assert again.request("other", asked.body) == asked.body


def test_a_seed_of_the_rows_own_stays() -> None:
    """Only a given or a new one replaces it; a model without seeds gets none."""
    asked = Asked(model="m", body=b'{"s": 5}', mark="ab", take=2)
    assert take_of(asked, Redo(), SEEDED).fields == {}
    assert take_of(asked, Redo(seed=9), SEEDED).fields == {"s": 9}
    assert take_of(asked, Redo(new_seed=True), SEEDED).fields["s"] != 5
    assert take_of(asked, Redo(new_seed=True), SEEDLESS).fields == {}


def test_a_seed_that_a_model_does_not_take_is_refused() -> None:
    """Out of range, or of a model without seeds: nothing is asked for."""
    assert unfit(Redo(seed=7), SEEDED, "m") == ""
    assert "1 to 100" in unfit(Redo(seed=101), SEEDED, "m")
    assert "no seed" in unfit(Redo(seed=7), SEEDLESS, "m")
    assert unfit(Redo(), None, "m") == ""


def test_each_state_says_why_not_or_nothing() -> None:
    """Only what has come to an end can be made anew; a paid video comes first."""
    free = {state for state in State if not not_now(state, "")}
    assert free == {State.SUCCEEDED, State.FAILED}
    assert "fetches it first" in not_now(State.SUCCEEDED, "video_missing")


@pytest.mark.parametrize(
    ("body", "seed"), [(b'{"seed": 3}', 3), (b"{}", None), (b"[]", None), (b"x", None)]
)
def test_the_seed_of_a_request_is_told(body: bytes, seed: object) -> None:
    """Whatever an attempt's bytes are, telling of them never fails."""
    assert seed_of(body) == seed
