"""Why a video was not made: for what it shows, for what it was given, or for no fault of the row.

The provider has no list of such reasons (https://docs.apimart.ai/en/api-reference/tasks/status:
``code`` is "task_failed" for nearly all, ``message`` is the upstream's own sentence), so they are
told apart by the words of the message. What is not recognised counts as a passing failure.
"""

from __future__ import annotations

import re
from enum import StrEnum


class Failure(StrEnum):
    """The kinds that are treated in their own way; the words stand in the ledger."""

    POLICY = "content_policy"  # the provider forbids what it shows or says
    INPUT = "bad_input"  # an image or a parameter cannot be used
    PASSING = "task_failed"  # the provider's own trouble, as far as anybody can tell


UNCHANGED_FAILS = frozenset({Failure.POLICY, Failure.INPUT})
"""Of these the same request fails again, most likely."""

_POLICY = re.compile(
    r"content[ _-]?policy|policy[ _-]?violation|usage polic|moderat|nsfw|safety|sensitive"
    r"|inappropriate|prohibited|copyright|unsafe|violat|harmful|risk control|content[ _]filter"
    r"|敏感|违规|違規|违反|審核|审核|不合规|版权|侵权|不当内容|著作権|不適切|ポリシー|規約|違反|ガイドライン",
    re.IGNORECASE,
)
_INPUT = re.compile(
    r"invalid[ _-](image|url|parameter|param|request|argument|input|value|prompt|duration|size"
    r"|resolution|format|aspect)|\binvalid\b.*\ballowed\b|build_request_failed"
    r"|unsupported|not supported|unreadable|too (large|small|long|short|many)"
    r"|(download|fetch|load|read|open|decode|access)\w*\b.{0,40}\b(image|url|picture|file)"
    r"|\b(image|url|picture|file)s?\b.{0,60}\b(download|fetch|load|read|decod|access|format|ratio"
    r"|dimension|resolution|pixel|exceed|missing|corrupt)"
    r"|图片|圖片|画像|参数|參數|无效|無效|不支持|無効|サポートされて|対応していません|パラメータ",
    re.IGNORECASE,
)


def classify(code: str, message: str) -> Failure:
    """What kind of failure the provider's words speak of.

    Args:
        code: the provider's word.
        message: its sentence.
    """
    said = f"{code} {message}"
    if _POLICY.search(said):
        return Failure.POLICY
    if _INPUT.search(said):
        return Failure.INPUT
    return Failure.PASSING
