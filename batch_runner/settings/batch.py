"""The batch file: several sheets, each with its own config, under one budget and one pace."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationError, field_validator

from batch_runner.core.language import phrase
from batch_runner.settings.read import explain
from batch_runner.settings.section import Count, Duration, PerSecond, Section, TimeZone, Usd
from batch_runner.settings.yaml_file import read_yaml

BATCH_SUFFIXES = frozenset({".yaml", ".yml"})


class Entry(Section):
    """A sheet, a folder of sheets, or a pattern that names some."""

    path: str = Field(description="From this file's folder.")
    config: str | None = Field(default=None, description="Campaign config, trusted as --config.")


def _as_entry(value: Any) -> Any:
    return {"path": value} if isinstance(value, str) else value


class SharedLimits(Section):
    """How much at once, all sheets together."""

    concurrency: Count | None = Field(default=None, description="Tasks in flight at most.")
    rate: PerSecond | None = Field(default=None, description="Submits at most, such as 60/min.")


class SharedBudget(Section):
    """What may be spent at most, all sheets together."""

    run_usd: Usd | None = Field(default=None, description="For one run of this file.")


class Schedule(Section):
    """When 'batch-runner schedule' runs this file."""

    cron: str = Field(description="Five fields as in a crontab, such as '0 2 * * *'.")
    time_zone: TimeZone | None = Field(default=None, description="Such as Asia/Tokyo.")
    name: str | None = Field(
        default=None,
        min_length=1,
        max_length=100,
        description="By which 'batch-runner worker' knows it on all machines that keep it.",
    )
    missed: Literal["run", "skip"] = Field(
        default="run", description="Times that passed while nobody ran: once now, or not at all."
    )

    @field_validator("cron")
    @classmethod
    def _is_cron(cls, value: str) -> str:
        from cronsim import CronSim, CronSimError

        try:
            next(CronSim(value, datetime.now(UTC)))
        except (CronSimError, StopIteration) as error:
            raise ValueError(
                phrase(
                    "must be five fields as in a crontab, such as '0 2 * * *' ({reason})",
                    reason=error,
                )
            ) from None
        return value


def _as_schedule(value: Any) -> Any:
    return {"cron": value} if isinstance(value, str) else value


class BatchConfig(Section):
    """The whole file."""

    sheets: tuple[Annotated[Entry, BeforeValidator(_as_entry)], ...] = Field(min_length=1)
    config: str | None = Field(default=None, description="For sheets that name none.")
    at_once: Count = Field(default=4, description="Sheets at the same time; 1: in their order.")
    limits: SharedLimits = SharedLimits()
    budget: SharedBudget = SharedBudget()
    deadline: Duration | None = Field(default=None, description="For each sheet's run.")
    done: str | None = Field(default=None, description="Folder that takes finished sheets.")
    schedule: Annotated[Schedule | None, BeforeValidator(_as_schedule)] = None


def read_batch(path: Path) -> BatchConfig:
    """Read and check a batch file.

    Raises:
        ConfigError: it is unusable; the message names every mistake, the place the first one.
    """
    document = read_yaml(path)
    try:
        return BatchConfig.model_validate(document.data)
    except ValidationError as error:
        raise explain(error, BatchConfig, document, code="batch_invalid") from None
