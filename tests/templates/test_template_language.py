"""What templates may say, and that nothing else gets through."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import TemplateError

from batch_runner.app.templates.filters import MOST_MADE, first, strip_html
from batch_runner.app.templates.language import BlankUsedError, blank, compile_template
from batch_runner.core.errors import ConfigError


def made(text: str, **cells: str) -> str:
    """The text of a template over these cells; a cell that is not given is blank."""
    template = compile_template(text, "The template of prompt", "campaign.yaml")
    return template.render({name: cells.get(name) or blank(name) for name in template.names})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ a }} turns", "Cup turns"),
        ("{{ c | default('calm') }} light", "calm light"),
        ("{{ c | strip_html | first | default('calm') }}", "calm"),
        ("{% if c %}with {{ c }}{% else %}alone{% endif %}", "alone"),
        ("{{ a if a else 'x' }}{{ 'y' if c == '' }}", "Cupy"),
        ("{{ a | upper }} {{ a | lower }}", "CUP cup"),
        ("{{ price | float * 2 }}", "10"),
        ("{{ price | float / 2 }}", "2.5"),
        ("{{ (price | float / 3) | round(2) }}", "1.67"),
        ("{{ row['Any header'] }}", "seen"),
        ("{{ row.a }}", "Cup"),
        ("{{ tags | first }}", "blue"),
        ("{{ a ~ '-' ~ tags | first }}", "Cup-blue"),
        ("{{ tags | replace(', ', ' and ') }}", "blue and red"),
        ("{{ tags | truncate(4) }}", "blue"),
        ("{% raw %}{{ a }}{% endraw %}", "{{ a }}"),
        ("{{ a is defined }} {{ c is defined }}", "TRUE FALSE"),
    ],
)
def test_templates_say_what_people_need(text: str, expected: str) -> None:
    """Names, defaults, conditions, filters and sums give what people would read in the cells."""
    cells = {"a": "Cup", "price": "5.0", "tags": "blue, red", "Any header": "seen"}
    assert made(text, **cells) == expected


@pytest.mark.parametrize(
    "text",
    [
        "{% for x in a %}{{ x }}{% endfor %}",
        "{{ range(1000000000) }}",
        "{{ a() }}",
        "{{ ''.__class__.__mro__ }}",
        "{{ a.__class__ }}",
        "{{ a['x'] }}",
        "{{ row[a] }}",
        "{{ a[0:1] }}",
        "{{ 10 ** 10 }}",
        "{{ a | center(1000000000) }}",
        "{{ a | attr('__class__') }}",
        "{{ a | map('upper') }}",
        "{% set x = 1 %}",
        "{% include 'secrets' %}",
        "{% import 'secrets' as s %}",
        "{% extends 'secrets' %}",
        "{% macro m() %}{% endmacro %}",
        "{% block b %}{% endblock %}",
        "{% filter upper %}x{% endfilter %}",
        "{{ {'a': 1} }}",
        "{{ Body (HTML) }}",
        "{{ a",
        "{% if a %}",
        "{{ " + "(" * 4000 + "a" + ")" * 4000 + " }}",
        "{{ a }}" * 1001,
        "x" * 10_001,
    ],
)
def test_nothing_else_gets_through(text: str) -> None:
    """Loops, calls, attributes, other templates and what is endless are refused before any row."""
    with pytest.raises(ConfigError) as refused:
        made(text)
    assert refused.value.exit_code == 2
    assert str(refused.value).startswith("campaign.yaml: The template of prompt cannot be used: ")


@pytest.mark.parametrize(
    "text",
    [
        "{{ 'x' * 1000000000 }}",
        "{{ a | replace('', a) }}",
        "{{ a ~ a ~ a ~ a }}",
        "{{ a }}{{ a }}",
        "{{ a | replace('x', a) }}",
        "{{ 1000000000000000 * 1000000000000000 }}",
        "{{ 1 / 0 }}",
        "{{ a | float }}",
        "{{ a % 5 }}",
        "{{ a | truncate(0) }}",
        "{{ 'x' < 5 }}",
    ],
)
def test_what_grows_or_cannot_be_worked_out_is_refused(text: str) -> None:
    """A row for which a template makes too much, or no sense, gets an error, never a hang."""
    with pytest.raises((ValueError, TypeError, ArithmeticError, TemplateError)):
        made(text, a="x" * 20_000)


def test_a_blank_cell_is_not_shown() -> None:
    """Using a blank cell names it; asking whether it is blank does not."""
    with pytest.raises(BlankUsedError) as used:
        made("{{ product | upper }} turns")
    assert used.value.name == "product"


@given(st.text(max_size=200))
def test_a_cell_is_never_a_template(text: str) -> None:
    """Whatever a cell holds is put in as it is, braces, tags and all."""
    assert made("<{{ a }}>", a=text or "x") == f"<{text or 'x'}>"


@given(st.text(alphabet=st.sampled_from("{}%#ab'()[].|~*+- \n0_"), max_size=60))
def test_any_text_is_a_template_or_refused(text: str) -> None:
    """No text in a config ends in anything but a text, an error of the row or a sentence."""
    with suppress(ConfigError, ValueError, TypeError, ArithmeticError, TemplateError):
        assert len(made(text, a="cup", b="5")) <= MOST_MADE


@pytest.mark.parametrize(
    ("html", "words"),
    [
        ("<p>Thrown by <b>hand</b>.</p><p>350 ml</p>", "Thrown by hand. 350 ml"),
        ("Salt &amp; pepper&nbsp;mill &lt;3", "Salt & pepper mill <3"),
        ("a<br/>b<BR>c", "a b c"),
        ("x<script>alert('<p>')</script >y<style>p {}</STYLE>z", "xyz"),
        ("x<!-- <p>no</p> -->y", "xy"),
        ("3 < 4 and 5 > 4", "3 < 4 and 5 > 4"),
        ("&amp;lt;b&amp;gt;", "&lt;b&gt;"),
        ("open <script> never closed", "open"),
        ("<ul><li>one</li><li>two</li></ul>", "one two"),
        ("", ""),
    ],
)
def test_strip_html_leaves_the_words(html: str, words: str) -> None:
    """What a browser would show, on one line; entities are read once."""
    assert strip_html(html) == words


@pytest.mark.parametrize(
    ("text", "item"),
    [("blue, red", "blue"), (" ,; red|x", "red"), ("青、赤", "青"), ("one\ntwo", "one"), ("", "")],
)
def test_first_is_the_first_of_a_list(text: str, item: str) -> None:
    """Lists in cells are parted by commas, semicolons, bars and line ends, in any script."""
    assert first(text) == item
