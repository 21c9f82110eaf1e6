"""Pictures are uploaded before their rows' turn, each once, and never hold up other rows."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from dataclasses import replace

import pytest

from batch_runner.core.jobs import RowSpec
from batch_runner.core.outcomes import UploadKind, UploadOutcome
from batch_runner.core.uploads import NoPicture, key_of_file, placeholder
from batch_runner.scheduler.uploads import AHEAD
from batch_runner.scheduler.world import Limits
from tests.ledger.conftest import spec
from tests.ledger.spooled import reading
from tests.scheduler.conftest import BASIS, ORIGIN, Play, Stage
from tests.scheduler.simulated import wall


def key(n: int) -> str:
    """The key of the nth picture."""
    return key_of_file(f"{n:064x}")


def row(number: int, *pictures: int) -> RowSpec:
    """A row with these pictures."""
    body = {"prompt": f"row {number}", "image_urls": [placeholder(key(n)) for n in pictures]}
    return spec(number, f"row {number}", body=json.dumps(body).encode())


async def enrol(stage: Stage, *specs: RowSpec) -> None:
    """These rows are the sheet."""
    scope, _ = await stage.ledger.scope("", BASIS)
    await stage.ledger.enrol(scope, reading(specs, wall(), basis=BASIS, origin=ORIGIN))


def refused(**more: object) -> UploadOutcome:
    """An answer to an upload."""
    return replace(UploadOutcome(kind=UploadKind.REFUSED, message="invalid image content"), **more)  # type: ignore[arg-type]


def test_equal_pictures_are_uploaded_once(stage: Stage, play: Play) -> None:
    """A hundred rows with one logo make one upload; each is sent with its link."""

    async def scene() -> None:
        await enrol(stage, *(row(n, 1, n) for n in range(2, 102)))
        assert await stage.run() is None
        uploads = Counter(content for _, content in stage.service.uploads)
        assert len(uploads) == 101
        assert set(uploads.values()) == {1}
        assert await stage.states() == {"succeeded": 100}
        sent = [json.loads(body)["image_urls"] for _, _, body in stage.service.submits]
        assert all(len(links) == 2 and "https://u.example.com/" in links[0] for links in sent)

    play(scene)


def test_a_second_run_uploads_nothing_again(stage: Stage, play: Play) -> None:
    """Links that live are used; what is finished asks for none."""

    async def scene() -> None:
        await enrol(stage, row(2, 1))
        await stage.run()
        await enrol(stage, row(2, 1), row(3, 1))
        await stage.run()
        assert len(stage.service.uploads) == 1
        assert await stage.states() == {"succeeded": 2}

    play(scene)


def test_only_the_next_rows_are_uploaded_for(stage: Stage, play: Play) -> None:
    """With one slot, pictures come up a little ahead of their rows, not all at once."""
    most: list[int] = []
    submit = stage.service.submit

    async def watched(body: bytes, name: str) -> object:
        most.append(len(stage.service.uploads) - len(stage.service.submits))
        return await submit(body, name)

    async def scene() -> None:
        await enrol(stage, *(row(n, n) for n in range(2, 3 * AHEAD)))
        stage.service.submit = watched  # type: ignore[method-assign,assignment]
        await stage.run(limits=Limits(slots=1, rate=1.0))
        assert max(most) <= AHEAD
        assert max(most) > 3
        assert len(most) == 3 * AHEAD - 2

    play(scene)


def test_a_slow_picture_holds_up_its_own_row_only(stage: Stage, play: Play) -> None:
    """Rows without pictures, and with quicker ones, are sent meanwhile."""
    tries = Counter[bytes]()

    def slow(content: bytes) -> UploadOutcome | None:
        tries[content] += 1
        broken = content == key(1).encode() and tries[content] < 4
        return refused(kind=UploadKind.UNAVAILABLE) if broken else None

    async def scene() -> None:
        stage.service.uploaded = slow
        await enrol(stage, row(2, 1), spec(3, "plain"), row(4, 2))
        await stage.run()
        assert await stage.states() == {"succeeded": 3}
        assert json.loads(stage.service.submits[-1][2])["prompt"] == "row 2"
        assert tries[key(1).encode()] == 4

    play(scene)


def test_a_refused_picture_makes_its_rows_invalid(stage: Stage, play: Play) -> None:
    """Nothing is sent for them, the reason stands in their cells, and others go on."""

    async def scene() -> None:
        stage.service.uploaded = lambda content: refused() if content == key(1).encode() else None
        await enrol(stage, *(row(n, 1) for n in range(2, 60)), row(60, 2))
        assert await stage.run() is None
        assert await stage.states() == {"invalid": 58, "succeeded": 1}
        job = (await stage.jobs())["row 2"]
        assert job.error.startswith("picture: the provider does not take cat.png: invalid image")
        assert "Not charged" in job.error
        assert len(stage.service.uploads) == 2

    play(scene)


def test_a_refused_picture_is_no_news_the_next_night(stage: Stage, play: Play) -> None:
    """The same row with the same picture stays invalid and is not uploaded again."""

    async def scene() -> None:
        stage.service.uploaded = lambda _: refused()
        await enrol(stage, row(2, 1))
        await stage.run()
        await enrol(stage, row(2, 1))
        assert (await stage.ledger.totals()).new_troubles == 0
        await stage.run()
        assert len(stage.service.uploads) == 1
        stage.service.uploaded = lambda _: None
        await enrol(stage, replace(row(2, 2), identity=row(2).identity))
        await stage.run()
        assert await stage.states() == {"succeeded": 1}

    play(scene)


def test_a_picture_that_is_gone_is_not_sent(stage: Stage, play: Play) -> None:
    """What vanished or changed since the sheet was read makes the row invalid until it is back."""

    async def scene() -> None:
        stage.album.instead[key(1)] = NoPicture(code="picture_gone", message="picture: gone.")
        await enrol(stage, row(2, 1), row(3, 2))
        await stage.run()
        assert await stage.states() == {"invalid": 1, "succeeded": 1}
        stage.album.instead.clear()
        await enrol(stage, row(2, 1), row(3, 2))
        await stage.run()
        assert await stage.states() == {"succeeded": 2}

    play(scene)


def test_a_429_pauses_uploads_and_is_no_failure(stage: Stage, play: Play) -> None:
    """However often it comes, the picture is brought in the end, and not before the time named."""
    left = [20]

    def limited(_: bytes) -> UploadOutcome | None:
        left[0] -= 1
        more = left[0] >= 0
        return refused(kind=UploadKind.LIMITED, retry_after=7.0) if more else None

    async def scene() -> None:
        stage.service.uploaded = limited
        await enrol(stage, row(2, 1))
        await stage.run()
        assert await stage.states() == {"succeeded": 1}
        times = [at for at, _ in stage.service.uploads]
        assert all(b - a >= 7.0 for a, b in itertools.pairwise(times))

    play(scene)


@pytest.mark.parametrize(
    ("kind", "code"),
    [(UploadKind.KEY_REFUSED, "key_refused"), (UploadKind.NO_BALANCE, "no_balance")],
)
def test_a_trouble_of_all_uploads_stops_the_run(
    stage: Stage, play: Play, kind: UploadKind, code: str
) -> None:
    """A refused key or an empty account is one trouble, not one for each picture."""

    async def scene() -> None:
        stage.service.uploaded = lambda _: refused(kind=kind)
        await enrol(stage, *(row(n, n) for n in range(2, 40)))
        reason = await stage.run()
        assert reason is not None
        assert reason.code == code
        assert len(stage.service.uploads) < 10
        assert await stage.states() == {"queued": 38}

    play(scene)


def test_uploads_that_never_work_end_the_run_and_leave_its_rows_queued(
    stage: Stage, play: Play
) -> None:
    """It is said once for a picture, what needs none is sent, and the next run tries again."""

    async def scene() -> None:
        stage.service.uploaded = lambda _: refused(kind=UploadKind.UNAVAILABLE)
        await enrol(stage, row(2, 1), row(3, 1), spec(4, "plain"))
        assert await stage.run() is None
        assert await stage.states() == {"queued": 2, "succeeded": 1}
        assert [code for code, _ in stage.heard.notices] == ["picture_not_uploaded"]
        stage.service.uploaded = lambda _: None
        await stage.run()
        assert await stage.states() == {"succeeded": 3}

    play(scene)


def test_a_provider_that_is_down_is_waited_for(stage: Stage, play: Play) -> None:
    """Its absence uses up no picture's tries."""

    async def scene() -> None:
        def down(_: bytes) -> UploadOutcome | None:
            away = wall().timestamp() - start < 1200
            return refused(kind=UploadKind.UNAVAILABLE, reachable=False) if away else None

        start = wall().timestamp()
        stage.service.uploaded = down
        stage.service.reachable = lambda: wall().timestamp() - start >= 1200
        await enrol(stage, row(2, 1))
        assert await stage.run() is None
        assert await stage.states() == {"succeeded": 1}

    play(scene)


def test_nothing_is_uploaded_that_the_budget_does_not_allow(stage: Stage, play: Play) -> None:
    """When the budget is used up, uploads end with the submits."""

    async def scene() -> None:
        await enrol(stage, *(row(n, n) for n in range(2, 100)))
        reason = await stage.run(cap=1000)
        assert reason is not None
        assert reason.code == "budget"
        assert len(stage.service.submits) == 2
        assert len(stage.service.uploads) <= 2 * AHEAD

    play(scene)
