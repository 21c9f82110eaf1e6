from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from batch_runner.core.errors import SheetError
from batch_runner.core.model import Table
from batch_runner.loader.encoding import find_encoding
from batch_runner.loader.source import look

ReadCsv = Callable[..., Table]

SAMPLES = [
    ("cp932", "カメラがゆっくりと猫に近づく、春の光"),
    ("cp932", "桜並木を歩く女性、カメラはゆっくりパンする。"),
    ("cp932", "Tシャツを着た子供が走る ①"),
    ("cp932", "夜景"),
    ("cp932", "ﾈｺ ｶﾞ ﾊｼﾙ"),
    ("gb18030", "一只猫在草地上奔跑，镜头缓慢推进"),
    ("gb18030", "红色跑车在雨夜的城市街道上飞驰，霓虹灯倒映在湿滑的路面上"),
    ("gb18030", "夜景"),
    ("big5", "一隻貓在草地上奔跑，鏡頭緩慢推進"),
    ("cp1252", "Un café très animé à Paris, l’été"),
    ("cp1252", "Ein Mädchen läuft durch die Straße – 5 €"),
    ("cp1252", "a cat’s toy, Pokémon"),
    ("cp1252", "naïve coöperation — “hello”"),
    ("cp1252", "ÉTÉ À LA PLAGE"),
    ("iso2022_jp", "猫が走る"),
    ("utf-16-le", "猫が走る"),
    ("utf-16-be", "a cat, 一只猫"),
]


@pytest.mark.parametrize(("encoding", "text"), SAMPLES)
def test_the_encoding_is_found_out_and_said(read_csv: ReadCsv, encoding: str, text: str) -> None:
    """Texts come back as they were, and the guess is shown."""
    table = read_csv(f'prompt,id\r\n"{text}",007\r\n'.encode(encoding))
    assert table.rows[0].values == (text, "007")
    assert table.encoding == encoding
    (notice,) = table.notices
    assert notice.code == "encoding_guessed"
    assert encoding in notice.message


@pytest.mark.parametrize(
    ("encoding", "header"),
    [
        ("cp932", "プロンプト,画像URL,秒数"),
        ("gb18030", "提示词,图片链接,时长"),
        ("big5", "提示詞,圖片,時長"),
    ],
)
def test_headers_of_the_language_are_understood(
    read_csv: ReadCsv, encoding: str, header: str
) -> None:
    """Encoding and header row are found together."""
    table = read_csv(f"{header}\na,http://x,5\n".encode(encoding))
    assert table.headers == tuple(header.split(","))
    assert table.encoding == encoding


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_what_is_sure_is_no_guess(read_csv: ReadCsv, encoding: str) -> None:
    """A mark, or strict UTF-8, needs no notice."""
    table = read_csv("prompt\n猫が走る🐈\n".encode(encoding))
    assert table.rows[0].values == ("猫が走る🐈",)
    assert (table.encoding, table.notices) == (encoding, ())


def test_utf_16_of_the_other_byte_order_is_read(read_csv: ReadCsv) -> None:
    """The mark tells the order."""
    table = read_csv(b"\xfe\xff" + "prompt\n猫\n".encode("utf-16-be"))
    assert table.rows[0].values == ("猫",)


@pytest.mark.parametrize(
    ("encoding", "text", "both"),
    [
        ("cp949", "고양이가 풀밭을 달린다", ("cp949", "gb18030")),
        ("gb18030", "海边日落", ("cp949", "gb18030")),
        ("euc_jp", "カメラがゆっくりと猫に近づく", ("euc_jp", "big5")),
        ("euc_jp", "夜の街を走る電車", ("euc_jp", "big5")),
    ],
)
def test_equally_likely_encodings_are_an_error_that_names_both(
    read_csv: ReadCsv, encoding: str, text: str, both: tuple[str, str]
) -> None:
    """Nothing is bought from a coin toss, and the setting named settles it."""
    data = f"prompt\n{text}\n".encode(encoding)
    with pytest.raises(SheetError) as caught:
        read_csv(data)
    assert caught.value.code == "encoding_ambiguous"
    assert all(name in caught.value.message and name in caught.value.hint for name in both)
    assert read_csv(data, encoding=encoding).rows[0].values == (text,)


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("cp1251", "Кошка бежит по траве, камера медленно"),
        ("koi8-r", "Кошка бежит по траве"),
        ("cp1250", "Žluťoučký kůň úpěl ďábelské ódy"),
        ("cp1251", "Привет"),
    ],
)
def test_what_fits_nothing_is_refused(read_csv: ReadCsv, encoding: str, text: str) -> None:
    """An encoding that is not known by itself can be set; it never becomes garbage."""
    data = f"prompt\n{text}\n".encode(encoding)
    with pytest.raises(SheetError) as caught:
        read_csv(data)
    assert caught.value.code == "encoding_not_found"
    assert read_csv(data, encoding=encoding).rows[0].values == (text,)


def test_damaged_utf_8_is_not_taken_for_something_else(read_csv: ReadCsv) -> None:
    """One broken byte in a UTF-8 file is named by its line."""
    data = "prompt\n猫が草原をゆっくり走る\n犬が座る\n".encode() + b"caf\xe9\n"
    with pytest.raises(SheetError) as caught:
        read_csv(data)
    assert caught.value.code == "encoding_broken"
    assert "line 4" in caught.value.message


@pytest.mark.parametrize(
    "data", [b"prompt\n\x00\x01\x02\n", b"PK\x03\x04\x00\x00", b"p\x00\x00\x00\x00\x00\x00\x00x"]
)
def test_binary_data_is_refused(read_csv: ReadCsv, data: bytes) -> None:
    """NUL bytes that are not UTF-16 are no text."""
    with pytest.raises(SheetError) as caught:
        read_csv(data)
    assert caught.value.code == "not_text"


@pytest.mark.parametrize(
    ("wanted", "codec"),
    [
        ("Shift_JIS", "cp932"),
        ("sjis", "cp932"),
        ("GBK", "gb18030"),
        ("gb2312", "gb18030"),
        ("UTF8", "utf-8"),
        ("latin-1", "iso8859-1"),
    ],
)
def test_the_user_may_use_any_usual_name(tmp_path: Path, wanted: str, codec: str) -> None:
    """Names stand for what programs mean by them, which is more than the standard."""
    path = tmp_path / "x.csv"
    path.write_bytes(b"prompt\n")
    assert find_encoding(look(path), wanted) == (codec, ())


def test_a_mark_is_not_part_of_the_first_header(read_csv: ReadCsv) -> None:
    """Also where the user said utf-8."""
    table = read_csv(b"\xef\xbb\xbfprompt\na\n", encoding="utf-8")
    assert (table.headers, table.encoding) == (("prompt",), "utf-8-sig")


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        ("nonsense", "encoding_unknown_name"),
        ("base64", "encoding_unknown_name"),
        ("utf-8", "encoding_does_not_fit"),
    ],
)
def test_a_setting_that_does_not_fit_is_an_error(
    read_csv: ReadCsv, wanted: str, code: str
) -> None:
    """The user's encoding is obeyed or refused, never replaced."""
    with pytest.raises(SheetError) as caught:
        read_csv("prompt\nß\n".encode("cp1252"), encoding=wanted)
    assert caught.value.code == code


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.binary(max_size=60))
def test_any_bytes_give_an_encoding_that_reads_them_or_an_error(
    tmp_path: Path, data: bytes
) -> None:
    """No input ends in a traceback, and a found encoding always decodes the whole file."""
    path = tmp_path / "x.csv"
    path.write_bytes(data)
    with contextlib.suppress(SheetError):
        codec, _ = find_encoding(look(path), None)
        data.decode(codec)
