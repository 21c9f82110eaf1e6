from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batch_runner.core.columns import IN_NAMES, header_score, map_columns
from batch_runner.core.headers import ALIASES, nearest
from batch_runner.core.model import Severity
from batch_runner.core.outcolumns import OUT_COLUMNS

NO_PARAMETERS: frozenset[str] = frozenset()


@pytest.mark.parametrize("name", IN_NAMES)
@pytest.mark.parametrize(
    "spell",
    [
        str.upper,
        str.title,
        lambda name: name.replace("_", " "),
        lambda name: name.replace("_", "-"),
        lambda name: name.replace("_", ""),
        lambda name: f"  {name}\n",
        lambda name: name.translate({i: i + 0xFEE0 for i in range(0x21, 0x7F)}),  # full-width
    ],
)
def test_spelling_of_a_name_does_not_matter(name: str, spell: Callable[[str], str]) -> None:
    """Case, spaces, dashes, underscores and width are ignored."""
    columns, problems = map_columns([spell(name)], {}, NO_PARAMETERS)
    assert dict(columns.columns) == {name: (0,)}
    assert problems == ()


@pytest.mark.parametrize(
    ("header", "name"),
    [
        (alias.strip(), name)
        for name, aliases in ALIASES.items()
        for alias in aliases.split(",")
        if alias.strip()
    ],
)
def test_every_alias_is_understood(header: str, name: str) -> None:
    """Each word of the alias table leads to its name, and to nothing else."""
    assert dict(map_columns([header], {}, NO_PARAMETERS)[0].columns) == {name: (0,)}


@pytest.mark.parametrize("header", ["Prompt*", "PROMPT:", "【プロンプト】", "「提示词」"])
def test_punctuation_around_a_name_is_ignored(header: str) -> None:
    """A mark for "required" does not hide a column."""
    assert map_columns([header], {}, NO_PARAMETERS)[0].first("prompt") == 0


def test_image_columns_come_in_the_order_of_their_numbers() -> None:
    """image_url_2 before image_url_1 in the sheet is still the second image; none is an error."""
    headers = ["image_url_10", "Image URL 2", "prompt", "image_urls", "image_url_1"]
    columns, problems = map_columns(headers, {}, NO_PARAMETERS)
    assert columns.columns["image_urls"] == (3, 4, 1, 0)
    assert problems == ()


@pytest.mark.parametrize(
    "headers", [["画像2", "画像1"], ["图片２", "图片１"], ["Image 2", "Image 1"]]
)
def test_aliases_of_images_may_be_numbered(headers: list[str]) -> None:
    """Numbers count in any language and width."""
    assert map_columns(headers, {}, NO_PARAMETERS)[0].columns["image_urls"] == (1, 0)


def test_an_exact_name_beats_an_alias() -> None:
    """The alias is then not read, and that is said."""
    columns, problems = map_columns(["Length", "duration"], {}, NO_PARAMETERS)
    assert columns.columns["duration"] == (1,)
    assert [(p.code, p.severity, p.column) for p in problems] == [
        ("column_not_used", Severity.NOTICE, 0)
    ]


def test_a_profile_parameter_beats_an_alias_of_the_same_word() -> None:
    """A model that has its own 'quality' gets it."""
    columns, _ = map_columns(["Quality"], {}, frozenset({"quality"}))
    assert dict(columns.columns) == {"quality": (0,)}


def test_the_user_beats_everything() -> None:
    """A mapped header is read even where an exact name stands beside it."""
    user = {"prompt": ("My text",), "key": ("SKU",)}
    columns, problems = map_columns(["prompt", "sku", "my TEXT"], user, NO_PARAMETERS)
    assert dict(columns.columns) == {"prompt": (2,), "key": (1,)}
    assert problems == ()


def test_a_mapped_header_that_is_missing_is_an_error_with_the_nearest() -> None:
    """The user's mapping is never silently dropped."""
    columns, problems = map_columns(
        ["prompt", "Beschreibung"], {"prompt": ("Beschreibng",)}, NO_PARAMETERS
    )
    assert "prompt" not in columns.columns
    assert problems[0].code == "mapped_header_missing"
    assert problems[0].severity is Severity.ERROR
    assert "'Beschreibung'" in problems[0].hint


def test_alternatives_of_the_user_need_one_hit_and_images_need_all() -> None:
    """A list is a choice for one value, and a set of columns for images."""
    user = {"prompt": ("文案", "Text"), "image_urls": ("A", "B")}
    columns, problems = map_columns(["Text", "A"], user, NO_PARAMETERS)
    assert dict(columns.columns) == {"prompt": (0,), "image_urls": (1,)}
    assert [p.code for p in problems] == ["mapped_header_missing"]
    assert "'B'" in problems[0].message


def test_an_unknown_mapped_name_is_refused_with_the_nearest() -> None:
    """A typo in the config does not lose a column."""
    _, problems = map_columns(["x"], {"durtion": ("x",)}, NO_PARAMETERS)
    assert problems[0].code == "unknown_column_name"
    assert "'duration'" in problems[0].hint


def test_two_columns_for_one_value_are_an_error_that_names_both() -> None:
    """Nobody guesses which prompt is meant."""
    _, problems = map_columns(["prompt", "x", "Prompt"], {}, NO_PARAMETERS)
    (problem,) = problems
    assert (problem.code, problem.severity) == ("duplicate_column", Severity.ERROR)
    assert "A ('prompt')" in problem.message
    assert "C ('Prompt')" in problem.message


@pytest.mark.parametrize("name", OUT_COLUMNS)
def test_result_columns_are_no_parameters(name: str) -> None:
    """Not even when a profile declares such a name; with our prefix neither, nor as a typo."""
    for header in (name, f"batch_{name}", name.upper()):
        columns, problems = map_columns([header], {}, frozenset({name}))
        assert not columns.columns
        assert problems == ()


def test_a_result_name_is_read_when_the_user_maps_it() -> None:
    """The user's word counts for these too."""
    columns, problems = map_columns(["Zustand"], {"status": ("zustand",)}, NO_PARAMETERS)
    assert dict(columns.columns) == {"status": (0,)}
    assert problems == ()


@pytest.mark.parametrize(
    ("header", "name"),
    [("promt", "prompt"), ("aspct ratio", "aspect_ratio"), ("Resoluton", "resolution")],
)
def test_a_typo_is_said_and_not_read(header: str, name: str) -> None:
    """A near miss is a warning, never a guess."""
    columns, problems = map_columns([header], {}, NO_PARAMETERS)
    assert not columns.columns
    assert [(p.code, p.severity) for p in problems] == [("maybe_typo", Severity.WARNING)]
    assert name in problems[0].hint


def test_key_is_read_only_when_mapped() -> None:
    """A column that happens to be called key means nothing by itself."""
    assert not map_columns(["key"], {}, NO_PARAMETERS)[0].columns


def test_blank_headers_are_nothing() -> None:
    """Blank and repeated unknown headers neither match nor trouble anybody."""
    columns, problems = map_columns(["", "  ", "x", "x", "-"], {}, NO_PARAMETERS)
    assert not columns.columns
    assert problems == ()


def test_the_header_scores_above_titles_and_data() -> None:
    """A prompt column counts most, numbers and blanks nothing."""
    user = {"prompt": ("Text",)}
    assert header_score(["prompt"], {}, NO_PARAMETERS) > header_score(
        ["model", "seed"], {}, NO_PARAMETERS
    )
    assert header_score([5, None, "", "My campaign", True], {}, NO_PARAMETERS) == 0
    assert header_score(["TEXT"], user, NO_PARAMETERS) > header_score(
        ["prompt"], user, NO_PARAMETERS
    )
    assert header_score(["audio"], {}, frozenset({"audio"})) == 1


def test_nearest_words_are_found_in_their_own_spelling() -> None:
    """Hints show a header as it stands."""
    assert nearest("aspect ratio", ["Aspect-Ratoi", "x"]) == ["Aspect-Ratoi"]


@settings(max_examples=150, deadline=None)
@given(
    headers=st.lists(
        st.text(max_size=12) | st.sampled_from(["prompt", "画像1", "image_url", "seed"])
    ),
    mapped=st.dictionaries(
        st.sampled_from(["prompt", "seed", "key", "nonsense"]),
        st.lists(st.text(max_size=5), min_size=1, max_size=3).map(tuple),
        max_size=2,
    ),
)
def test_any_headers_map_to_places_that_exist(
    headers: list[str], mapped: dict[str, tuple[str, ...]]
) -> None:
    """Whatever stands in a header, columns and problems point into the sheet."""
    columns, problems = map_columns(headers, mapped, frozenset({"audio"}))
    for found in columns.columns.values():
        assert found
        assert all(0 <= index < len(headers) for index in found)
        assert len(set(found)) == len(found)
    assert all(p.column is None or 0 <= p.column < len(headers) for p in problems)


def test_a_word_of_ours_among_others_is_no_slip() -> None:
    """Columns of a shop's export such as Variant SKU are the user's own, without a word."""
    headers = ("prompt", "Variant SKU", "Variant Grams", "image_urls")
    _, problems = map_columns(headers, {}, frozenset())
    assert problems == ()
