"""JSON Lines as sheets: an object a line, every line looked at before anything is done."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from batch_runner.core.errors import SheetError
from batch_runner.core.json_line import object_in, with_fields
from batch_runner.core.model import ReadOptions, Table
from batch_runner.loader.load import load

IMAGE = "https://example.com/cat.png"

Read = Callable[[bytes], Table]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Write bytes as a sheet and load it."""

    def read_lines(data: bytes) -> Table:
        path = tmp_path / "shots.jsonl"
        path.write_bytes(data)
        (table,) = load(path, ReadOptions())
        return table

    return read_lines


def test_what_any_line_names_is_a_column(read: Read) -> None:
    """Fields are columns in the order in which they come; rows bear the numbers of their lines."""
    table = read(
        b'\xef\xbb\xbf{"prompt": "One.", "sku": 7}\r\n\r\n'
        b'{"duration": 5.0, "prompt": "Two.", "done": true, "note": null}\n'
        b'{"prompt": "  ", "sku": ""}'
    )

    assert table.headers == ("prompt", "sku", "duration", "done", "note")
    assert [(row.number, row.values) for row in table.rows] == [
        (1, ("One.", 7)),
        (3, ("Two.", None, 5, True)),
    ]


def test_lists_and_objects_are_json_in_one_cell(read: Read) -> None:
    """A list of pictures is understood as such a list in a cell; an empty one is blank."""
    table = read(
        json.dumps(
            {"prompt": "One.", "image_urls": [IMAGE, "é"], "x": {"a": [1]}, "y": [], "z": 1}
        ).encode()
    )

    (row,) = table.rows
    assert row.values == ("One.", f'["{IMAGE}", "é"]', '{"a": [1]}', None, 1)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"prompt": "cut o', "at character"),
        (b'["prompt"]', "no object"),
        (b'{"prompt": "a"} {"prompt": "b"}', "Extra data"),
        (b'{"prompt": "a", "prompt": "b"}', "twice"),
        (b'{"prompt": "\xff"}', "UTF-8"),
        (b'{"prompt": "a", "seed": NaN}', "NaN"),
        (b"[" * 100_000, "nested"),
        (b'{"prompt": "a", "seed": ' + b"9" * 5000 + b"}", "digits"),
    ],
)
def test_a_line_that_is_no_object_is_named(read: Read, line: bytes, reason: str) -> None:
    """The file is refused, with the number of the line and what is wrong with it."""
    with pytest.raises(SheetError) as refused:
        read(b'{"prompt": "fine"}\n' + line + b"\n")

    assert refused.value.where == "shots.jsonl:2"
    assert "line 2" in refused.value.message
    assert reason in refused.value.message


def test_all_such_lines_are_named_at_once(read: Read) -> None:
    """Nobody has to try again for each."""
    with pytest.raises(SheetError) as refused:
        read(b'{\n{"prompt": "fine"}\n}\n5\n')

    assert "3 lines" in refused.value.message
    assert all(f"line {number}:" in refused.value.message for number in (1, 3, 4))


@pytest.mark.parametrize(
    ("data", "code"),
    [(b"", "empty_sheet"), (b"\n{}\n", "empty_sheet"), (b'{"text": 1}', "no_prompt_column")],
)
def test_a_file_without_prompts_is_refused(read: Read, data: bytes, code: str) -> None:
    """An empty file, and one whose fields hold no prompts, are no sheets."""
    with pytest.raises(SheetError) as refused:
        read(data)

    assert refused.value.code == code


# No lone surrogates: such a text cannot be in a UTF-8 file.
_TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
_VALUES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | _TEXTS
)
_OBJECTS = st.dictionaries(_TEXTS, _VALUES | st.lists(_VALUES, max_size=2), max_size=3)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(fields=_OBJECTS, added=_OBJECTS, end=st.sampled_from([b"", b"\n", b" \r\n"]))
def test_a_line_with_results_holds_both(
    fields: dict[str, object], added: dict[str, object], end: bytes
) -> None:
    """What stood in a line still does, as it was written; what was added is there, too."""
    line = json.dumps(fields).encode() + end

    new = with_fields(line, added)

    assert object_in(new) == {**fields, **added}
    assert new.endswith(end)
    if not fields.keys() & added.keys():
        assert new.startswith(line.strip().removesuffix(b"}").rstrip())
