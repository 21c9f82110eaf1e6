"""The texts of headers: how they are compared, and what else ours may be called."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from difflib import get_close_matches

ALIASES: Mapping[str, str] = {
    "prompt": """
        prompts, text prompt, prompt text, video prompt, プロンプト, 動画プロンプト, 指示文,
        提示词, 提示詞, 视频提示词, 影片提示詞, 提示语, 咒语
    """,
    "image_urls": """
        image, images, image url, image urls, image link, image links, img, img url, picture,
        pictures, photo, photos, reference image, reference images, reference image(s), ref image,
        ref images, first frame, 画像, 画像URL, 画像リンク, 参考画像, 参照画像,
        参考画像URL, 写真, 图片, 图片链接, 图片地址, 图片URL, 图像, 参考图, 参考图片, 首帧, 首帧图,
        圖片, 圖片連結, 圖片網址, 參考圖, 參考圖片, 圖像
    """,
    "model": "models, model name, video model, モデル, モデル名, 模型, 模型名称, 模型名稱",
    "duration": """
        durations, length, video length, seconds, secs, duration seconds, duration (s),
        duration (sec), duration in seconds, length (s), 秒数, 長さ, 動画の長さ, 再生時間, 秒,
        时长, 时长(秒), 视频时长, 时间长度, 時長, 影片長度, 秒數
    """,
    "resolution": """
        resolutions, video resolution, quality, video quality, 解像度, 画質, 分辨率, 清晰度, 画质,
        解析度, 畫質
    """,
    "aspect_ratio": """
        aspect, ratio, aspect ratios, video ratio, format ratio, 比率, 縦横比, アスペクト比,
        アスペクト, 画面比率, 宽高比, 画面比例, 比例, 长宽比, 寬高比, 長寬比
    """,
    "last_frame_image": "last frame, end frame, 最後のフレーム, 尾帧, 尾帧图, 尾幀",
    "seed": "seeds, random seed, シード, シード値, 乱数シード, 种子, 随机种子, 種子, 種子值",
    "enabled": "enable, 有効, 启用, 是否启用, 啟用, 是否啟用",
    "skip": "skipped?, skip row, skip this row, スキップ, 除外, 跳过, 是否跳过, 跳過, 是否跳過",
    "priority": "priorities, prio, 優先度, 優先順位, 优先级, 优先度, 優先級, 優先順序",
    "decision": "decisions, 判断, 採否, 决定, 決定",
    "variants": "variant count, バリエーション数, 本数, 变体数, 版本数, 變體數",
}
"""Other words for our names, only such as can hardly mean anything else: a wrong prompt costs
money. Several columns of images may carry a number behind them."""


def normalise(header: str) -> str:
    """A header without what does not matter: case, width, spaces, dashes, underscores.

    >>> normalise("Aspect－Ratio ")
    'aspectratio'
    """
    folded = unicodedata.normalize("NFKC", header).casefold()
    return re.sub(r"[\s_\-‐-―−\u200b\ufeff]+", "", folded)


def loosen(header: str) -> str:
    """As :func:`normalise`, without punctuation: ``Prompt*`` and ``Duration (s)`` are words too."""
    return "".join(char for char in normalise(header) if char.isalnum())


def nearest(word: str, known: Iterable[str], count: int = 3) -> list[str]:
    """The known words most like this one, compared as headers are; best first."""
    spelled: dict[str, str] = {}
    for candidate in known:
        spelled.setdefault(normalise(candidate), candidate)
    return [spelled[key] for key in get_close_matches(normalise(word), spelled, count, 0.6)]
