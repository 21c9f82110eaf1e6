"""A place that fsspec reaches by a URL: S3 and what speaks like it, Google's, Azure's and others.

Credentials and addresses come from where those libraries look for them: the environment, the files
of the user, the machine's own role.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from batch_runner.core.errors import ConfigError
from batch_runner.core.language import phrase
from batch_runner.core.redact import told
from batch_runner.storage.digest import PIECE, Digest, check_hash, digest
from batch_runner.storage.trouble import PlaceError

LONGEST = 300  # characters of what a service says
PROBE = ".batch-runner"
_NO_BUCKET = "bucket does not exist"  # as S3 says it
_S3 = frozenset({"s3", "s3a"})
_OPTIONS: dict[str, Any] = {
    # Tries within one try: the run itself comes back to a video that could not be put.
    "config_kwargs": {"connect_timeout": 15, "retries": {"total_max_attempts": 2}},
}


class RemotePlace:
    """Asks before it writes, writes, and asks what lies there then."""

    def __init__(self, url: str) -> None:
        self._protocol = url.partition("://")[0]
        self._fs, self._root = _filesystem(url, self._protocol)

    async def reach(self) -> None:
        """Ask the service about a file that is not there, as each upload will do first."""
        with _service():
            try:
                await self._do("info", f"{self._root}/{PROBE}")
            except FileNotFoundError as error:
                if _NO_BUCKET in str(error).lower():
                    bucket = self._root.partition("/")[0]
                    raise PlaceError(phrase("there is no bucket {name}", name=bucket)) from None

    async def put(self, file: Path, name: str, known: Digest) -> bool:
        """Put a copy of a file there; see :class:`.place.Place`."""
        target = f"{self._root}/{name}"
        with _service():
            lies = await self._lies_at(target, known)
            if lies is not None:
                return lies
            sys.audit("batch_runner.storage.put")
            try:
                await self._upload(file, target)
            except FileExistsError:  # somebody was quicker
                return bool(await self._lies_at(target, known))
            sys.audit("batch_runner.storage.uploaded")
            if await self._lies_at(target, known):
                return True
            await self._do("rm_file", target)
        raise PlaceError(phrase("what lies there afterwards is not what was sent"))

    async def get(self, name: str, target: Path, sha256: str | None) -> None:
        """Copy a file from there; see :class:`.place.Place`."""
        with _service():
            await asyncio.to_thread(target.parent.mkdir, parents=True, exist_ok=True)
            await self._do("get_file", f"{self._root}/{name}", str(target))
            await asyncio.to_thread(check_hash, target, sha256)

    async def _upload(self, file: Path, target: str) -> None:
        if self._protocol not in _S3:
            await self._do("put_file", str(file), target)
            return
        put = partial(self._do, "put_file", str(file), target, chunksize=PIECE, max_concurrency=4)
        try:
            await put(mode="create")
        except OSError as error:
            if "NotImplemented" not in str(error):
                raise
            await put()  # it cannot promise to overwrite nothing; it was asked just now

    async def _lies_at(self, target: str, known: Digest) -> bool | None:
        """Whether this very file lies there; ``None``: nothing does.

        By the hash that the service tells, where it is one of ours; else it is read back.
        """
        try:
            info = await self._do("info", target)
        except FileNotFoundError:
            return None
        if info.get("type") != "file" or info.get("size") != known.size:
            return False
        if info.get("ETag", "").strip('"') == known.etag or info.get("md5Hash") == known.md5:
            return True
        return (await asyncio.to_thread(self._digest_of, target)).sha256 == known.sha256

    def _digest_of(self, target: str) -> Digest:
        with self._fs.open(target, "rb", block_size=PIECE) as file:
            return digest(lambda: file.read(PIECE))

    async def _do(self, name: str, *args: Any, **terms: Any) -> Any:
        """Call a method of the filesystem off this loop; cancelling ends what can be ended."""
        if not self._fs.async_impl:
            return await asyncio.to_thread(getattr(self._fs, name), *args, **terms)
        work = getattr(self._fs, f"_{name}")(*args, **terms)
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self._fs.loop))


def _filesystem(url: str, protocol: str) -> tuple[Any, str]:
    try:
        from fsspec.core import url_to_fs

        options = _OPTIONS if protocol in _S3 else {}
        filesystem, root = url_to_fs(
            url, use_listings_cache=False, skip_instance_cache=True, **options
        )
    except (ImportError, ValueError) as error:
        raise ConfigError(
            phrase(
                "{url} cannot be used ({reason}).", url=url, reason=told(str(error), (), LONGEST)
            ),
            code="storage_not_installed",
            hint=phrase(
                "pip install s3fs for s3://, gcsfs for gs://, adlfs for abfs:// (where batch-runner came by pipx: pipx inject batch-runner s3fs)."
            ),
        ) from error
    return filesystem, str(root).rstrip("/")


@contextmanager
def _service() -> Iterator[None]:
    """Names whatever a library may raise as trouble of the place."""
    try:
        yield
    except (PlaceError, asyncio.CancelledError):
        raise
    except Exception as error:
        text = told(str(error) or type(error).__name__, (), LONGEST)
        raise PlaceError(text) from error
