"""Writing figures into a file: whole, or not at all, and readable for the collector."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import os
import re
from pathlib import Path

from batch_runner.app.metrics.figures import Figures
from batch_runner.core.errors import ConfigError
from batch_runner.core.language import phrase

SUFFIX = ".prom"  # the collector reads no other files
READABLE = 0o644  # it runs as somebody else


def check_metrics(target: Path | None) -> None:
    """See that figures can be written at all, before anything is sent.

    Raises:
        ConfigError: the library is not installed, or the place cannot be one.
    """
    if target is None:
        return
    if importlib.util.find_spec("prometheus_client") is None:
        raise ConfigError(
            phrase("metrics need the library prometheus_client."),
            code="no_prometheus",
            hint=phrase("Install batch-runner[metrics]."),
        )
    if not target.is_dir() and (target.suffix != SUFFIX or not target.parent.is_dir()):
        raise ConfigError(
            phrase(
                "metrics must name a folder that exists, or a file in one that ends in {suffix}.",
                suffix=SUFFIX,
            ),
            code="bad_metrics",
            where=str(target),
            hint=phrase("Such as the folder of node_exporter's --collector.textfile.directory."),
        )


def file_of(target: Path, sheet: Path) -> Path:
    """Where a sheet's figures go: into the file that was named, or one of its own in a folder."""
    if not target.is_dir():
        return target
    mark = hashlib.sha256(os.fsencode(sheet)).hexdigest()[:8]
    stem = re.sub(r"[^A-Za-z0-9]+", "_", sheet.stem).strip("_")
    return target / f"batch_runner_{stem}_{mark}{SUFFIX}"


def write_figures(path: Path, figures: Figures) -> None:
    """Write them in the text format of Prometheus.

    Raises:
        OSError: the file cannot be written.
    """
    from prometheus_client import CollectorRegistry, generate_latest

    registry = CollectorRegistry(auto_describe=False)
    registry.register(figures)
    text = generate_latest(registry)
    fresh = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        fresh.unlink(missing_ok=True)
        with fresh.open("xb") as file:
            file.write(text)
        fresh.chmod(READABLE)
        fresh.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            fresh.unlink(missing_ok=True)
        raise
