"""What is known of a row beside its cells is judged as if it stood in them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from batch_runner.core.model import Problem, Severity, Verdict
from batch_runner.core.profile import Catalogue
from batch_runner.core.rules import judge
from batch_runner.core.supplement import Supplement, Supplied, given

A, B = "https://images.example.com/a.png", "https://images.example.com/b.png"

Judge = Callable[..., Verdict]


@pytest.fixture
def judge_with(
    line: Callable[..., Any], fits: Callable[..., dict[str, Any]], catalogue: Catalogue
) -> Judge:
    """Judges a row of viduq3 whose cells and supplement are given."""

    def _judge(supplement: Supplement, by: Catalogue = catalogue, **cells: Any) -> Verdict:
        row, columns = line(fits("viduq3", **cells))
        return judge(row, columns, by, supplement)

    return _judge


def test_a_value_over_a_cell_holds(judge_with: Judge) -> None:
    """What is supplied over a cell is sent instead of it, links too."""
    over = {"duration": Supplied(value=8), "image_urls": Supplied(value=(A, B))}
    request = judge_with(Supplement(over=over), duration=5).request
    assert request is not None
    assert (request["duration"], request["image_urls"]) == (8, [A, B])


def test_a_value_under_a_cell_gives_way_to_it(judge_with: Judge, catalogue: Catalogue) -> None:
    """What is supplied under a cell counts where that is blank, before a default of the settings."""
    under = Supplement(under={"duration": Supplied(value="8")})
    by = replace(catalogue, defaults={"duration": 6})
    for cell, sent in ((5, 5), (None, 8)):
        request = judge_with(under, by, duration=cell).request
        assert request is not None
        assert request["duration"] == sent


def test_a_model_may_be_supplied(judge_with: Judge) -> None:
    """The model of a row may come from beside its cells, and an unknown one is said there."""
    over = Supplement(over={"model": Supplied(value="viduq3-mix")})
    assert judge_with(over).model == "viduq3-mix"
    wrong = Supplied(value="vidu-3", by="the template of model", columns=(1,))
    (problem,) = judge_with(Supplement(over={"model": wrong})).problems
    assert (problem.code, problem.column) == ("model_unknown", 1)
    assert problem.hint.startswith("It was made by the template of model from B7.")


@pytest.mark.parametrize("over", [True, False])
def test_a_fault_is_said_at_the_cells_it_came_from(judge_with: Judge, *, over: bool) -> None:
    """A refused value that was made names its maker and the cells, and no default of the config."""
    made = Supplied(value="50", by="the template of duration", columns=(1,))
    values = {"duration": made}
    verdict = judge_with(Supplement(over=values) if over else Supplement(under=values))
    (problem,) = verdict.problems
    assert verdict.request is None
    assert (problem.code, problem.column) == ("duration_out_of_range", 1)
    assert problem.hint.startswith("It was made by the template of duration from B7.")
    assert "--set" not in problem.hint


def test_a_failed_making_settles_its_parameter(judge_with: Judge) -> None:
    """What went wrong in making a value is said alone; a warning does not keep the row out."""
    wrong = Problem(code="template_blank", message="product is blank.", row=7, column=3)
    verdict = judge_with(Supplement(problems={"prompt": (wrong,)}), prompt=None)
    assert verdict.request is None
    assert verdict.problems == (wrong,)
    warned = replace(wrong, severity=Severity.WARNING)
    verdict = judge_with(Supplement(problems={"duration": (warned,)}))
    assert verdict.request is not None
    assert verdict.problems == (warned,)


def test_a_later_supplement_builds_upon_an_earlier_one(line: Callable[..., Any]) -> None:
    """Of one parameter the later value counts; who comes later sees what came before."""
    row, columns = line({"prompt": "own", "image_urls": None})
    first = Supplement(
        over={"prompt": Supplied(value="made")}, under={"image_urls": Supplied(value=(A,))}
    )
    assert given(row, columns, "prompt", first) == "made"
    assert given(row, columns, "image_urls", first) == (A,)
    both = first.also(Supplement(over={"prompt": Supplied(value="later")}))
    assert given(row, columns, "prompt", both) == "later"
    assert given(row, columns, "image_urls", both) == (A,)
