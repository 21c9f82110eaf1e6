"""What is said of an archive of a gallery."""

from __future__ import annotations

from collections.abc import Iterator

from batch_runner.app.gallery.write import Written
from batch_runner.core.language import plural


def packed_lines(done: Written) -> Iterator[str]:
    """What is in it, and what is not."""
    yield plural(
        "{count} row with {files}: {place}",
        "{count} rows with {files}: {place}",
        done.made.rows,
        files=plural("{count} file", "{count} files", done.files),
        place=done.place,
    )
    if done.elsewhere:
        yield plural(
            "{count} video is kept elsewhere and not in it; a link to it is, if it is published.",
            "{count} videos are kept elsewhere and not in it; links to them are, if they are published.",
            done.elsewhere,
        )
