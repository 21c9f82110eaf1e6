"""Advice about prompts that will hardly give the video that was meant; it never blocks."""

from __future__ import annotations

import re
from dataclasses import dataclass

from batch_runner.core.language import phrase
from batch_runner.core.text import loose


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """One piece of it."""

    code: str
    message: str
    hint: str = ""


_PLACEHOLDER_WORDS = frozenset(
    [
        "todo",
        "tbd",
        "tba",
        "test",
        "prompt",
        "placeholder",
        "asdf",
        "n/a",
        "na",
        "none",
        "null",
        "foo",
        "bar",
        "-",
        "--",
        "...",
        "…",
        "?",
        "テスト",
        "未定",
        "プロンプト",
        "测试",
        "測試",
        "待定",
        "提示词",
    ]
)
_PLACEHOLDER_PARTS = re.compile(
    r"lorem ipsum|\byour (?:text )?prompt(?: goes)? here\b|\binsert (?:a |your )?prompt\b"
    r"|\bprompt here\b|\bx{3,}\b|^<[^>]*>$|\{\{.*\}\}|ここに.{0,12}(?:入力|記入)|在此输入|在此輸入"
)
_TODO = re.compile(r"\b(?:TODO|FIXME|TBD)\b")

# Words of picture prompts. Only where several of them stand and nothing says what happens.
_LOOKS = re.compile(
    r"\b(?:[48]k|uhd|hdr|masterpiece|best quality|high quality|high resolution|highly detailed"
    r"|ultra detailed|hyper ?detailed|intricate|photo ?realistic|hyper ?realistic|realistic"
    r"|beautiful|gorgeous|stunning|sharp focus|bokeh|trending on artstation|octane render"
    r"|unreal engine|elegant|cute|pretty|blonde|portrait|wallpaper)\b"
    r"|高画質|超高精細|美しい|傑作|最高品質|写実的|高清|精美|杰作|最佳质量|细节丰富|超现实"
)
_HAPPENS = re.compile(
    r"\b\w{2,}ing\b"
    r"|\b(?:camera|zooms?|pans?|tilts?|dolly|dollies|orbits?|tracks?|shot|pushes|pulls|slides?"
    r"|moves?|turns?|walks?|runs?|jumps?|flies|fly|spins?|rotates?|falls?|rises?|opens?|closes?"
    r"|looks?|smiles?|waves?|dances?|drives?|rides?|swims?|flows?|blows?|drifts?|floats?|pours?"
    r"|lifts?|holds?|takes?|picks?|puts?|throws?|catches|shakes?|swings?|sways?|glows?|burns?"
    r"|explodes?|appears?|disappears?|transforms?|becomes?|grows?|melts?|steps?|enters?|leaves"
    r"|follows?|reveals?|circles?|climbs?|speaks?|talks?|sings?|laughs?|nods?|blinks?|gallops?)\b"
    r"|[動走飛回歩舞揺落流泳転跳泣笑歌話振開閉昇降向寄引押追来行食飲]|カメラ|ズーム|パン"
    r"|[动飞转跑摇开关升推拉镜追吹游倒]"
)
_FEWEST_LOOKS = 2


def advise(prompt: str) -> tuple[Advice, ...]:
    """What may be said about one prompt."""
    word = loose(prompt)
    placeholder = word in _PLACEHOLDER_WORDS or _PLACEHOLDER_PARTS.search(word)
    if placeholder or _TODO.search(prompt):
        return (
            Advice(
                code="prompt_placeholder",
                message=phrase("The prompt looks like placeholder text, and would be paid for."),
                hint=phrase(
                    "Write the prompt, or empty the row's prompt and image cells to leave it out."
                ),
            ),
        )
    if len(_LOOKS.findall(word)) >= _FEWEST_LOOKS and not _HAPPENS.search(word):
        return (
            Advice(
                code="prompt_looks_only",
                message=phrase("The prompt says how things look, but not what happens."),
                hint=phrase("Name an action or a camera move; looks come from the images."),
            ),
        )
    return ()
