"""How much a decoded text looks like what people write.

The national standards sort their characters: the everyday ones stand in a "level 1" block. A
text that was decoded wrongly falls outside of it, or into signs that nobody puts together. So
no frequency tables are needed, only the standards' own order (JIS X 0208, GB 2312, Big5,
KS X 1001).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from functools import cache
from itertools import pairwise
from types import MappingProxyType

_SAMPLE = 50_000  # non-ASCII characters looked at
_RUN = re.compile(r"[^\x00-\x7f]+")
_LETTER = re.compile(r"[A-Za-z]")
_KANA = re.compile("[\u3041-\u30fe]")


def plausibility(text: str, codec: str) -> float:
    """From about 0 (garbage) to 1 (plain text), judged by the characters that are not ASCII."""
    weigh = CANDIDATES[codec]
    total, count = 0.0, 0
    for found in _RUN.finditer(text):
        start, end = found.span()
        before, after = text[max(0, start - 1) : start], text[end : end + 1]
        total += weigh(found[0], before, after)
        count += end - start
        if count >= _SAMPLE:
            break
    return total / count if count else 1.0


_Beside = Callable[[str], float | None]  # the weight of what a standard's order does not tell
_Weigh = Callable[[str, str, str], float]  # a run of non-ASCII characters, and its neighbours


def _asian(weight: Callable[[str], float]) -> _Weigh:
    def weigh(run: str, before: str, after: str) -> float:
        # One character within a Latin word is an accented letter that ate its neighbour.
        if len(run) == 1 and (_LETTER.match(before) or _LETTER.match(after)):
            return 0.0
        return sum(map(weight, run))

    return weigh


def _western(run: str, before: str, after: str) -> float:
    # Accents stand alone in a word or in twos; anything else is another script seen as cp1252.
    letters = [char for char in run if char.isalpha()]
    in_word = _LETTER.match(before) or _LETTER.match(after)
    camel = any(a.islower() and b.isupper() for a, b in pairwise(letters))
    if len(run) > 3 or len(letters) > 2 or camel or (len(letters) == 2 and not in_word):
        return 0.0
    return sum(
        1.0 if char.islower() or char in _WESTERN_SIGNS else 0.8 * char.isupper() for char in run
    )


_WESTERN_SIGNS = frozenset("‘’“”–—…•€£©®™°«»·×½¼¾²³ªº¿¡§±\xa0")


def _level_one(codec: str, first: int, last: int, beside: _Beside) -> _Weigh:
    """Weigh by the first byte in a standard's own code: within the block of common characters."""

    @cache
    def weight(char: str) -> float:
        known = beside(char)
        if known is not None:
            return known
        try:
            code = char.encode(codec)
        except UnicodeEncodeError:
            return 0.1 if unicodedata.category(char) == "Lo" else -1.0
        if len(code) != 2:
            return 0.0
        return 1.0 if first <= code[0] <= last else 0.3

    return _asian(weight)


def _common_signs(char: str) -> float | None:
    """Punctuation and full-width forms that all of East Asia writes."""
    return 1.0 if "\u3000" <= char <= "\u301f" or "\uff01" <= char <= "\uff5e" else None


def _japanese(char: str) -> float | None:
    if "\u3041" <= char <= "\u30fe":
        return 1.0
    if "\uff61" <= char <= "\uff9f":
        return 0.7  # half-width kana: real in old files, and what Chinese looks like as Shift-JIS
    return _common_signs(char)


def _chinese(char: str) -> float | None:
    if "\u3041" <= char <= "\u30fe":
        return -1.0  # kana in Chinese is Japanese that was read as Chinese
    if char in "‘’“”—…·":
        return 1.0
    return _common_signs(char)


def _korean(char: str) -> float | None:
    return 0.1 if "\u4e00" <= char <= "\u9fff" else _common_signs(char)


_japanese_text = _level_one("euc_jp", 0xB0, 0xCF, _japanese)


def _japanese_unix(run: str, before: str, after: str) -> float:
    # Its kanji lie where the Chinese characters of GB 2312 do, so kana have to speak for them.
    return _japanese_text(run, before, after) * (1.0 if _KANA.search(run) else 0.5)


CANDIDATES: MappingProxyType[str, _Weigh] = MappingProxyType(
    {
        "cp932": _japanese_text,
        "euc_jp": _japanese_unix,
        "gb18030": _level_one("gb2312", 0xB0, 0xD7, _chinese),
        "big5": _level_one("big5", 0xA4, 0xC6, _chinese),
        "cp949": _level_one("euc_kr", 0xB0, 0xC8, _korean),
        "cp1252": _western,
    }
)
"""The encodings that are tried when a file is not UTF-8, and how each one's text is weighed."""
