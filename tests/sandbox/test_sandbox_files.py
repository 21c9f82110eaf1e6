"""Videos that play, links that die, downloads that break, images that are kept."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import aiohttp
import pytest

from batch_runner.sandbox import uploads

if TYPE_CHECKING:
    from tests.sandbox.conftest import Caller, Reply

Play = Callable[..., None]

PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)


def boxes(data: bytes) -> Iterator[tuple[str, bytes]]:
    """The top-level boxes of an mp4, which must fill it exactly."""
    at = 0
    while at < len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        assert 8 <= size <= len(data) - at
        yield kind.decode(), data[at + 8 : at + size]
        at += size


def test_each_task_s_video_is_whole_playable_and_its_own(play: Play) -> None:
    """An mp4 with its index first, served with its length, differing by the task's id."""

    async def scenario(api: Caller) -> None:
        films = []
        for _ in range(2):
            task_id = (await api.submit()).task_id
            reply = await api.call("GET", await api.link(task_id))
            assert reply.headers["Content-Type"] == "video/mp4"
            assert int(reply.headers["Content-Length"]) == len(reply.data)
            parts = list(boxes(reply.data))
            assert [kind for kind, _ in parts] == ["ftyp", "moov", "free", "mdat", "free"]
            assert parts[-1][1].decode() == task_id
            films.append(reply.data)
        assert films[0] != films[1]

    play(scenario)


def test_the_thumbnail_is_a_jpeg(play: Play) -> None:
    """The thumbnail link gives a picture; an unknown task's gives 404."""

    async def scenario(api: Caller) -> None:
        data = (await api.look((await api.submit()).task_id)).json["data"]
        reply = await api.call("GET", data["result"]["thumbnail_url"])
        assert reply.data.startswith(b"\xff\xd8\xff")
        assert reply.headers["Content-Type"] == "image/jpeg"
        assert (await api.call("GET", "/files/thumbnail/task_x.jpg")).status == 404
        assert (await api.call("GET", "/files/video/task_x/1-9999999999.mp4")).status == 404

    play(scenario)


def test_files_need_no_key(play: Play) -> None:
    """Links are public, as the service's are."""

    async def scenario(api: Caller) -> None:
        link = await api.link((await api.submit()).task_id)
        api.auth.clear()
        assert (await api.call("GET", link)).status == 200

    play(scenario)


def test_a_link_lives_until_it_expires_and_a_look_gives_a_fresh_one(play: Play) -> None:
    """The same link while it lives, 410 from its expiry on, then another one."""

    async def scenario(api: Caller) -> None:
        task_id = (await api.submit()).task_id
        link = await api.link(task_id)
        api.clock.now += 59
        assert await api.link(task_id) == link
        assert (await api.call("GET", link)).status == 200
        api.clock.now += 1
        assert (await api.call("GET", link)).status == 410
        fresh = await api.link(task_id)
        assert fresh != link
        assert (await api.call("GET", fresh)).status == 200

    play(scenario, link_seconds=60.0)


def test_a_dead_first_link_is_followed_by_a_good_one(play: Play) -> None:
    """link-expired=2: two links are dead, each known after it was tried, the third is good."""

    async def scenario(api: Caller) -> None:
        task_id = (await api.submit()).task_id
        statuses = []
        for _ in range(3):
            link = await api.link(task_id)
            assert await api.link(task_id) == link
            statuses.append((await api.call("GET", link)).status)
        assert statuses == [403, 403, 200]

    play(scenario, "link-expired=2")


def test_a_cut_download_breaks_off_half_way_then_works(play: Play) -> None:
    """cut-download promises the whole length, sends half, closes; the next try is whole."""

    async def scenario(api: Caller) -> None:
        link = await api.link((await api.submit()).task_id)
        with pytest.raises(aiohttp.ClientPayloadError):
            await api.call("GET", link)
        assert (await api.call("GET", link)).status == 200

    play(scenario, "cut-download")


def test_the_rest_of_a_video_can_be_asked_for(play: Play) -> None:
    """Range and If-Range as file servers honour them: by ETag or date, 416 beyond the end."""

    async def scenario(api: Caller) -> None:
        link = await api.link((await api.submit()).task_id)
        whole = await api.call("GET", link)
        size = len(whole.data)
        for validator in (whole.headers["ETag"], whole.headers["Last-Modified"]):
            asked = {"Range": "bytes=1000-", "If-Range": validator}
            rest = await api.call("GET", link, headers=asked)
            assert (rest.status, rest.data) == (206, whole.data[1000:])
            assert rest.headers["Content-Range"] == f"bytes 1000-{size - 1}/{size}"
        other = {"Range": "bytes=1000-", "If-Range": '"other"'}
        assert (await api.call("GET", link, headers=other)).status == 200
        beyond = await api.call("GET", link, headers={"Range": f"bytes={size}-"})
        assert (beyond.status, beyond.headers["Content-Range"]) == (416, f"bytes */{size}")

    play(scenario)


def test_ranges_lie_when_told_to(play: Play) -> None:
    """Ignored, other bytes, another length, or another video: each by its name."""

    async def scenario(api: Caller) -> None:
        seen = {}
        for fault in ("no-range", "wrong-range", "wrong-length", "changed-video"):
            link = await api.link((await api.submit(f"[sandbox:{fault}]")).task_id)
            first = await api.call("GET", link)
            asked = {"Range": "bytes=1000-", "If-Range": first.headers["ETag"]}
            rest = await api.call("GET", link, headers=asked)
            right = rest.data == first.data[1000:]
            total = rest.headers.get("Content-Range", "").rpartition("/")[2]
            seen[fault] = (rest.status, right, total in {"", str(len(first.data))})
        assert seen == {
            "no-range": (200, False, True),
            "wrong-range": (206, False, True),
            "wrong-length": (206, True, False),
            "changed-video": (200, False, True),
        }

    play(scenario)


def test_a_download_can_be_cut_at_a_byte_each_time(play: Play) -> None:
    """cut-at=N closes every answer after N bytes; ranges are honoured, so it can come to its end."""

    async def scenario(api: Caller) -> None:
        link = await api.link((await api.submit()).task_id)
        for _ in range(2):
            with pytest.raises(aiohttp.ClientPayloadError):
                await api.call("GET", link)
        assert (await api.call("GET", link, headers={"Range": "bytes=7000-"})).status == 206

    play(scenario, "cut-at=3000")


def test_videos_are_as_large_as_told(play: Play) -> None:
    """--video-mb: still an mp4 that ends with its task's id."""

    async def scenario(api: Caller) -> None:
        task_id = (await api.submit()).task_id
        film = (await api.call("GET", await api.link(task_id))).data
        assert 500_000 <= len(film) < 501_000
        assert [kind for kind, _ in boxes(film)][-2:] == ["free", "free"]
        assert film.endswith(task_id.encode())

    play(scenario, video_mb=0.5)


def test_a_page_instead_of_a_video(play: Play) -> None:
    """not-a-video: HTML under 200, always, or the first times only."""

    async def scenario(api: Caller) -> None:
        for prompt, types in (
            ("[sandbox:not-a-video]", ["text/html", "text/html"]),
            ("[sandbox:not-a-video=1]", ["text/html", "video/mp4"]),
        ):
            link = await api.link((await api.submit(prompt)).task_id)
            seen = [(await api.call("GET", link)).headers["Content-Type"] for _ in range(2)]
            assert [kind.split(";")[0] for kind in seen] == types

    play(scenario)


async def upload(api: Caller, data: bytes, field: str = "file", name: str = "cat.png") -> Reply:
    """Upload an image as a multipart form."""
    form = aiohttp.FormData()
    form.add_field(field, io.BytesIO(data), filename=name)
    return await api.call("POST", "/v1/uploads/images", data=form)


def test_an_uploaded_image_is_served_back_for_three_days(play: Play) -> None:
    """Five fields, unwrapped; the link gives the very bytes, without a key."""

    async def scenario(api: Caller) -> None:
        body = (await upload(api, PNG, name="my cat (1).png")).json
        assert body.keys() == {"url", "filename", "content_type", "bytes", "created_at"}
        assert (body["content_type"], body["bytes"]) == ("image/png", len(PNG))
        api.auth.clear()
        assert (await api.call("GET", body["url"])).data == PNG
        assert (await api.call("GET", "/files/upload/none.png")).status == 404
        api.clock.now = 4_000_000_000.0
        assert (await api.call("GET", body["url"])).status == 410

    play(scenario)


@pytest.mark.parametrize(
    ("data", "status", "message"),
    [
        (b"%PDF-1.7" + bytes(100), 400, "unsupported image type: application/pdf"),
        (b"plain text", 400, "unsupported image type: application/octet-stream"),
        (PNG[:20], 400, "invalid image content"),
        (PNG + bytes(uploads.LIMIT), 413, "exceeds maximum 20971520 bytes"),
    ],
)
def test_what_is_no_good_image_is_refused(
    play: Play, data: bytes, status: int, message: str
) -> None:
    """Wrong types, broken pictures and too large files are refused in the documented words."""

    async def scenario(api: Caller) -> None:
        reply = await upload(api, data)
        assert reply.status == status
        assert message in reply.data.decode()

    play(scenario)


def test_an_upload_without_a_file_is_refused(play: Play) -> None:
    """No form, or a form without the field ``file``."""

    async def scenario(api: Caller) -> None:
        for reply in (
            await upload(api, PNG, field="image"),
            await api.call("POST", "/v1/uploads/images", data=b"x"),
        ):
            assert reply.status == 400
            assert "missing or invalid file field" in reply.json["error"]["message"]

    play(scenario)


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"GIF89a", "image/gif"),
        (b"RIFF\x10\x00\x00\x00WEBPVP8 ", "image/webp"),
        (b"RIFF\x10\x00\x00\x00WAVEfmt ", None),
    ],
)
def test_images_are_told_by_their_first_bytes(head: bytes, kind: str | None) -> None:
    """Content decides, not the file's name."""
    assert uploads.sniff(head) == kind
