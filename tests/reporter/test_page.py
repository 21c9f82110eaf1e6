from __future__ import annotations

import io
import json
import re
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from batch_runner.app.gallery.gallery import FRAME, MODULES, STYLES
from batch_runner.reporter.page import Page, asset, data_text

DECLARED = re.compile(r"^(?:export )?(?:async )?(?:const|let|function|class) (\w+)", re.MULTILINE)
IMPORTED = re.compile(r'^import \{([^}]*)\} from "\./(\w+)\.js";$', re.MULTILINE)


def page_of(title: str, rows: list[object]) -> str:
    """A whole page with one block of rows."""
    out = io.BytesIO()
    page = Page(out, frame=FRAME, styles=STYLES, modules=MODULES, title=title, meta={"a": title})
    page.rows("rows", rows)
    page.end()
    return out.getvalue().decode("utf-8")


@given(st.text())
def test_no_text_ends_the_data(text: str) -> None:
    """Whatever a text holds, it travels as data, and what a parser of HTML looks for is not in it."""
    written = data_text({"prompt": text})
    assert json.loads(written) == {"prompt": text}
    assert not set("<>&\u2028\u2029") & set(written)


def test_no_title_becomes_markup() -> None:
    """The name of a sheet may hold anything: it stands as text in title and attributes."""
    page = page_of("</title><script>alert(1)</script>\"'><!--script-->", [])
    assert page.count("<script") == 2  # the block of rows, and the page's own
    assert 'alert(1)</script>"' not in page


def test_the_policy_lets_only_the_page_s_own_script_run() -> None:
    """By its hash: no inline script by another hand, no eval, none from elsewhere."""
    page = page_of("a", [])
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', page)
    assert "default-src &#x27;none&#x27;" in policy
    assert "unsafe" not in policy
    assert re.search(r"script-src &#x27;sha256-[\w+/]{43}=&#x27;;", policy)


def test_modules_can_stand_in_one_file() -> None:
    """No name is given twice, and each module comes after those it imports from."""
    names: Counter[str] = Counter()
    known: set[str] = set()
    for module in MODULES:
        text = asset(module)
        for wanted, source in IMPORTED.findall(text):
            assert f"gallery/{source}.js" in known, f"{module} stands before {source}"
            exported = set(
                re.findall(
                    r"^export .*?(?:const|function|class) (\w+)",
                    asset(f"gallery/{source}.js"),
                    re.MULTILINE,
                )
            )
            assert {name.strip() for name in wanted.split(",")} <= exported, module
        assert text.count("import ") == len(IMPORTED.findall(text)), (
            f"an import of {module} is odd"
        )
        known.add(module)
        names.update(DECLARED.findall(text))
    assert [name for name, times in names.items() if times > 1] == []


def test_every_text_is_there_in_every_language() -> None:
    """English, Japanese and Chinese have the same texts with the same places to fill in."""
    words = asset("gallery/words.js")
    tables = [
        dict(re.findall(r'(\w+): "((?:[^"\\]|\\.)*)"', part))
        for part in re.split(r"^  \w\w: \{$", words, flags=re.MULTILINE)[1:]
    ]
    assert len(tables) == 3
    english = tables[0]
    for table in tables[1:]:
        assert table.keys() == english.keys()
        for name, text in table.items():
            assert set(re.findall(r"\{\w+\}", text)) == set(
                re.findall(r"\{\w+\}", english[name])
            ), name


def test_every_text_that_is_asked_for_is_there() -> None:
    """No part of the page names a text that no language has."""
    words = asset("gallery/words.js")
    asked = {name for module in MODULES for name in re.findall(r'\bt\("(\w+)"', asset(module))}
    asked |= set(re.findall(r'data-t="(\w+)"', asset(FRAME)))
    assert asked
    assert [name for name in sorted(asked) if f'{name}: "' not in words] == []
