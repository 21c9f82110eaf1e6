"""Templates over a sheet's cells: what they fill, what they leave, and who a row is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from batch_runner.app.sheet.intake import Intake, Memory
from batch_runner.core.errors import ConfigError, SheetError
from tests.templates.conftest import (
    IMAGE,
    TakeIn,
    errors,
    hashes,
    known_as,
    prompts,
    requests,
    specs,
)

HEAD = "Product,Mood,prompt,image_urls\n"
CUP = f"Cup,warm,,{IMAGE}\n"
TURNS = {"prompt": "{{ product }} turns in {{ mood | default('calm') }} light"}


def test_a_template_fills_where_the_cell_is_blank(take: TakeIn) -> None:
    """A row's own prompt counts over the template; a blank cell gets its default."""
    sheet = HEAD + CUP + f"Mug,,,{IMAGE}\n" + f"Pot,,My own.,{IMAGE}\n"
    assert prompts(take(sheet, TURNS)) == {
        2: "Cup turns in warm light",
        3: "Mug turns in calm light",
        4: "My own.",
    }


@pytest.mark.parametrize(
    "config",
    [
        {"prompt": "{{ product }} turns"},
        {"templates": {"Prompt": "{{ PRODUCT }} turns"}},
        {"defaults": {"prompt": "{{ row['Product'] }} turns"}},
        {"columns": {"seed": "Mood"}, "prompt": "{{ product }} turns"},
    ],
)
def test_a_template_may_stand_in_several_places(take: TakeIn, config: Mapping[str, Any]) -> None:
    """Under ``prompt``, ``templates`` or ``defaults``, with names in any case."""
    assert prompts(take(HEAD + f"Cup,,,{IMAGE}\n", config)) == {2: "Cup turns"}


def test_a_template_that_names_its_own_parameter_wraps_it(take: TakeIn) -> None:
    """The row's own prompt stands in the middle, or the default of the settings."""
    wraps = {"prompt": "{{ prompt }}, cinematic", "defaults": {"prompt": "It turns"}}
    with pytest.raises(ConfigError):
        take(HEAD + CUP, {"prompt": "{{ product }}", "templates": {"prompt": "{{ mood }}"}})
    found = prompts(take(HEAD + f"Cup,,It falls,{IMAGE}\n" + CUP, wraps))
    assert found == {2: "It falls, cinematic", 3: "It turns, cinematic"}


def test_any_parameter_may_be_made(take: TakeIn) -> None:
    """Numbers, choices, models and links come from cells, too, and are judged like cells."""
    sheet = "prompt,Runtime,SKU,Tier\nIt turns.,8.0,mug,fast\nIt turns.,99,cup,fast\n"
    config = {
        "templates": {
            "duration": "{{ runtime | int }}",
            "image_urls": "https://images.example.com/{{ sku }}-1.png\n{% if sku == 'mug' %}"
            "https://images.example.com/{{ sku }}-2.png{% endif %}",
            "model": "{{ 'viduq3' if tier == 'fast' else 'viduq3-mix' }}",
        }
    }
    intake = take(sheet, config)
    asked = requests(intake)[2]
    assert (asked["model"], asked["duration"]) == ("viduq3", 8)
    assert [url.rsplit("/")[-1] for url in asked["image_urls"]] == ["mug-1.png", "mug-2.png"]
    assert errors(intake) == [("duration_out_of_range", 3, 1)]
    assert "It was made by the template of duration from B3." in specs(intake)[3].problem


def test_headers_of_all_kinds_are_found(take: TakeIn) -> None:
    """By their text, by their normalised name, in any script; our own names by their column."""
    sheet = f"Body (HTML),2nd colour,商品,Storyboard,image_urls\n<b>a</b>,red,杯,x,{IMAGE}\n"
    text = (
        "{{ body_html | strip_html }} {{ row['Body (HTML)'] | strip_html }} "
        "{{ row['2nd colour'] }} {{ 商品 }} {{ prompt }}"
    )
    config = {"prompt": text, "columns": {"prompt": "Storyboard"}}
    assert prompts(take(sheet, config)) == {2: "a a red 杯 x"}


def test_a_row_whose_source_cells_are_blank_is_no_job(take: TakeIn) -> None:
    """Totals and notes stay what they are, also under a template without any name."""
    sheet = "Product,Mood,Total\nCup,warm,\n,,99\n"
    config = {"prompt": "{{ product }} turns", "defaults": {"model": "viduq3"}}
    assert list(specs(take(sheet, config))) == [2]
    plain = {"prompt": "It turns."}
    assert list(specs(take(f"image_urls,Total\n{IMAGE},\n,99\n", plain))) == [2]


def test_a_blank_source_cell_is_named(take: TakeIn) -> None:
    """The row is invalid at that cell, and the error names the template and the way out."""
    intake = take(HEAD + f",warm,,{IMAGE}\n", TURNS)
    assert errors(intake) == [("template_cell_blank", 2, 0)]
    problem = specs(intake)[2].problem
    assert "The template of prompt uses product, and A2 is blank." in problem
    assert "{{ product | default('...') }}" in problem


@pytest.mark.parametrize(
    ("head", "why"),
    [
        (
            HEAD,
            "The template of prompt uses 'prodct', but no header reads so. Nearest: 'Product'",
        ),
        ("Product,image_urls\n", "no header reads so. Nearest: 'Product'"),
    ],
)
def test_an_unknown_name_is_said_before_any_row(take: TakeIn, head: str, why: str) -> None:
    """It is the config's mistake, with the nearest header, whether or not there are prompts."""
    with pytest.raises(ConfigError) as refused:
        take(head + f"Cup,{IMAGE}\n", {"prompt": "{{ prodct | default('x') }} turns"})
    assert why in str(refused.value)
    assert refused.value.exit_code == 2


def test_an_unclear_name_and_a_result_are_refused(take: TakeIn) -> None:
    """Two headers that read alike, and columns of results, cannot be used."""
    with pytest.raises(ConfigError, match="columns A and B both read so"):
        take(f"Colour,colour,image_urls\nred,,{IMAGE}\n", {"prompt": "{{ colour }} turns"})
    sheet = f"prompt,image_urls,task_id\nIt turns.,{IMAGE},\n"
    with pytest.raises(ConfigError, match="a column of results"):
        take(sheet, {"templates": {"seed": "{{ task_id }}"}})


def test_a_template_of_no_parameter_is_refused(take: TakeIn) -> None:
    """A template for something that no model has is a mistake in the config."""
    with pytest.raises(ConfigError, match="No model has a parameter 'durration'"):
        take(HEAD + CUP, {"templates": {"durration": "{{ mood }}"}})


def test_a_sheet_without_prompts_is_taken_for_its_template(take: TakeIn) -> None:
    """The header is found by the names that the template uses, and --set may bring it."""
    sheet = f"Spring campaign\n\nProduct,Photo note,image_urls\nCup,x,{IMAGE}\n"
    assert prompts(take(sheet, {"prompt": "{{ product }} turns"})) == {4: "Cup turns"}
    assert prompts(take(sheet, set=["prompt={{ product }} falls"])) == {4: "Cup falls"}
    with pytest.raises(SheetError, match="No column holds the prompts"):
        take(sheet)


def test_an_option_outdoes_the_template_of_the_config(take: TakeIn) -> None:
    """``--set`` says all there is to say of its parameter."""
    sheet = HEAD + CUP
    assert prompts(take(sheet, TURNS, set=["prompt=It falls."])) == {2: "It falls."}
    assert prompts(take(sheet, TURNS, set=["prompt={{ mood }} cup"])) == {2: "warm cup"}


def _again(take: TakeIn, before: Intake, sheet: str, config: Mapping[str, Any]) -> Intake:
    return take(sheet, config, Memory(basis=before.basis))


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"prompt": "{{ product }} falls"},
        {"prompt": "{{ mood }} cup"},
        {"prompt": "{{ prompt }}, {{ product }}, {{ mood }}"},
        {"templates": {"seed": "{{ 5 }}"}},
        {"prompt": "{{ product }} turns", "defaults": {"duration": 8}},
    ],
)
@pytest.mark.parametrize("first", [{}, {"prompt": "{{ prompt }}, {{ product }}"}])
def test_templates_make_no_row_another_one(
    take: TakeIn, first: Mapping[str, Any], config: Mapping[str, Any]
) -> None:
    """Added, changed or removed: every row is still found under its hash of before."""
    sheet = HEAD + f"Cup,warm,It turns.,{IMAGE}\n" + f"Mug,cold,It falls.,{IMAGE}\n"
    before = take(sheet, first)
    assert known_as(_again(take, before, sheet, config)) == hashes(before)


def test_the_text_of_a_template_is_not_in_the_hash(take: TakeIn) -> None:
    """Over the same cells it may say anything."""
    other = {"prompt": "Look: {{ product }}, {{ mood | upper }}!"}
    assert hashes(take(HEAD + CUP, TURNS)) == hashes(take(HEAD + CUP, other))


def test_editing_a_used_cell_edits_the_row(take: TakeIn) -> None:
    """Also by case alone; a cell that no template uses may say anything."""
    before = take(HEAD + CUP, TURNS)
    for line, same in ((f"cup,warm,,{IMAGE}\n", False), (f"Cup,,,{IMAGE}\n", False)):
        after = _again(take, before, HEAD + line, TURNS)
        assert (known_as(after) == hashes(before)) is same
    product_only = {"prompt": "{{ product }} turns"}
    before = take(HEAD + CUP, product_only)
    after = _again(take, before, HEAD + f"Cup,another,,{IMAGE}\n", product_only)
    assert known_as(after) == hashes(before)


def test_a_renamed_header_is_the_same_cell(take: TakeIn) -> None:
    """Renaming a column and the name in the template, or moving it, buys nothing again."""
    before = take(HEAD + CUP, {"prompt": "{{ product }} turns"})
    renamed = "Mood,Item,prompt,image_urls\n" + f"warm,Cup,,{IMAGE}\n"
    after = _again(take, before, renamed, {"prompt": "{{ item }} turns"})
    assert known_as(after) == hashes(before)
    other = "Mood,Item,prompt,image_urls\n" + f"warm,Mug,,{IMAGE}\n"
    after = _again(take, before, other, {"prompt": "{{ item }} turns"})
    assert known_as(after) != hashes(before)


def test_a_key_that_a_template_uses_is_a_part_of_the_row(take: TakeIn) -> None:
    """The key alone is in no hash; what the prompt is made of is."""
    config = {"key": "Product", "prompt": "{{ product }} turns"}
    one = hashes(take(HEAD + CUP, config))
    assert one != hashes(take(HEAD + f"Mug,warm,,{IMAGE}\n", config))
