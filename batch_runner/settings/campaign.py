"""The campaign config: what a user may settle in a YAML file, with types, units and bounds.

Field descriptions end up in ``configs/campaign.schema.json``, which editors show while typing.
"""

from __future__ import annotations

import codecs
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from batch_runner.core.language import phrase
from batch_runner.core.variants import parse_variants
from batch_runner.settings.download_section import Download
from batch_runner.settings.filter_section import Filter
from batch_runner.settings.images import Images
from batch_runner.settings.log_section import Log
from batch_runner.settings.notify_section import NotifySection
from batch_runner.settings.origins import check_origin, check_web_address
from batch_runner.settings.other_api import Api
from batch_runner.settings.output_section import Output
from batch_runner.settings.publish_section import PublishSection
from batch_runner.settings.section import (
    Count,
    Duration,
    PerSecond,
    Section,
    Texts,
    Usd,
    Worksheets,
    is_template,
)


class Limits(Section):
    """How much at once; what is left out is found out."""

    concurrency: Count | None = Field(default=None, description="Tasks in flight at most.")
    rate: PerSecond | None = Field(default=None, description="Submits at most, such as 60/min.")
    probes: PerSecond | None = Field(
        default=None,
        description="Submits that may be refused with 429, such as 1/s, to find out that a slot "
        "is free; default: 1/s where concurrency is left out, none beyond a given one.",
    )
    polls: PerSecond | None = Field(
        default=None,
        description="Looks at running tasks at most, such as 20/s; default: by the slots and rate.",
    )


class Budget(Section):
    """What may be spent at most; reserved at each model's highest price before a submit."""

    total_usd: Usd | None = Field(default=None, description="For this sheet, over all its runs.")
    run_usd: Usd | None = Field(default=None, description="For one run.")
    confirm_above_usd: Usd | None = Field(
        default=None, description="Above this estimate somebody has to say yes on a terminal."
    )
    day_usd: Usd | None = Field(
        default=None, description="For one day, over all your sheets that use the same API key."
    )
    month_usd: Usd | None = Field(
        default=None, description="For one month, over all your sheets that use the same API key."
    )


class Retry(Section):
    """What is tried again by itself."""

    failed_tasks: Annotated[int, Field(strict=True, ge=0, le=10)] = Field(
        default=0, description="New attempts after the provider failed a task (it refunds those)."
    )
    policy_failures: Annotated[int, Field(strict=True, ge=0, le=10)] = Field(
        default=0, description="New attempts after a task failed for what it shows or says."
    )
    input_failures: Annotated[int, Field(strict=True, ge=0, le=10)] = Field(
        default=0, description="New attempts after a task failed for an image or a parameter."
    )
    submit_attempts: Count = Field(default=8, description="Sends of one row in one run, at most.")
    on_503: Literal["resend", "hold"] = Field(
        default="resend",
        description="After the provider's own 'service unavailable': send again or hold.",
    )


class Poll(Section):
    """When tasks are looked at."""

    first: Duration = Field(default=1.0, description="The first look at a model never seen.")
    min: Duration = Field(default=1.0, description="Never sooner again than this.")
    max: Duration = Field(default=20.0, description="Never later again than this.")

    @model_validator(mode="after")
    def _in_order(self) -> Poll:
        if self.min > self.max:
            raise ValueError(phrase("must have min not above max"))
        return self


class Deadline(Section):
    """How long is waited at most."""

    task: Duration = Field(
        default=3600.0, description="For one task; the next run looks at it again."
    )
    run: Duration | None = Field(default=None, description="For a whole run; it can be resumed.")


class Provider(Section):
    """Which service; only taken from a config given by --config."""

    base_url: str | None = Field(
        default=None, description="Origin of the API, such as https://host."
    )
    same_service: tuple[str, ...] = Field(
        default=(), description="Origins that share one account."
    )
    key_env: str | None = Field(
        default=None, description="The variable with the API key, instead of APIMART_API_KEY."
    )
    key_file: str | None = Field(
        default=None,
        description="A file with the API key, from this file's folder; read again if it is refused.",
    )
    api: Api = Field(
        default=Api(), description="Paths, fields and words of a service that is not APIMart."
    )

    @field_validator("base_url")
    @classmethod
    def _origin(cls, value: str | None) -> str | None:
        return None if value is None else check_origin(value)

    @field_validator("same_service")
    @classmethod
    def _origins(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(check_origin(value) for value in values)


class Webhook(Section):
    """The provider's calls when a task ends; only taken from a config given by --config."""

    url: str = Field(
        description="Where the provider reaches this run, such as https://hooks.example.com/batch."
    )
    listen: str = Field(default="127.0.0.1", description="The address to listen on.")
    port: Annotated[int, Field(strict=True, ge=1, le=65_535)] = Field(
        default=8787, description="The port to listen on."
    )

    @field_validator("url")
    @classmethod
    def _web_address(cls, value: str) -> str:
        return check_web_address(value)


class CampaignConfig(Section):
    """The whole file."""

    sheet: Worksheets | None = Field(
        default=None, description="Worksheet, a list of them, or 'all'."
    )
    header_row: Count | None = Field(
        default=None, description="1-based; found by itself if left out."
    )
    key: str | None = Field(
        default=None, description="Header of the column with your own row ids."
    )
    columns: dict[str, Texts] = Field(default={}, description="Our name: your header, or several.")
    defaults: dict[str, Any] = Field(
        default={}, description="Parameter: value for rows without one."
    )
    prompt: str | None = Field(
        default=None,
        description="Template of prompts, such as {{ product }} rotates slowly.",
    )
    templates: dict[str, str] = Field(
        default={}, description="Parameter: template for rows without one, or around theirs."
    )
    group_by: str | None = Field(
        default=None,
        description="Header by which following rows without a prompt belong to the first.",
    )
    models: str | None = Field(
        default=None,
        description="Folder of more model profiles; only from a config given by --config.",
    )
    encoding: str | None = Field(
        default=None, description="Of a CSV file, such as utf-8 or cp932."
    )
    delimiter: str | None = Field(default=None, description="Of a CSV file: , ; | or tab.")
    limits: Limits = Limits()
    budget: Budget = Budget()
    retry: Retry = Retry()
    poll: Poll = Poll()
    deadline: Deadline = Deadline()
    patience: Duration | None = Field(
        default=None, description="Wait for a provider that is down."
    )
    idempotency: Literal["hold", "replay"] = Field(
        default="hold",
        description="Submits whose answer was lost: keep for you, or send the same again.",
    )
    download: Download = Download()
    publish: PublishSection = PublishSection()
    keep_awake: bool = Field(default=True, description="Keep the computer awake on a terminal.")
    language: Literal["auto", "en", "ja", "zh"] = Field(
        default="auto", description="Of sentences; auto: the language of your system."
    )
    variants: int | dict[str, list[Any]] = Field(
        default=1,
        description="Videos of each row: a number, or lists of values by parameter, such as "
        "{resolution: [720p, 1080p], seed: [1, 2]}.",
    )
    save_every: Duration = Field(default=30.0, description="Between two updates of the sheet.")
    state: str | None = Field(
        default=None, description="Folder for the ledger, instead of beside."
    )
    images: Images = Images()
    filter: Filter = Filter()
    provider: Provider = Provider()
    webhook: Webhook | None = Field(
        default=None, description="The provider calls here when a task ends."
    )
    notify: NotifySection = NotifySection()
    log: Log = Log()
    metrics: str | None = Field(
        default=None,
        description="Folder, or file .prom, for Prometheus; only from a config given by --config.",
    )
    output: Output = Output()

    @field_validator("defaults")
    @classmethod
    def _plain_values(cls, value: dict[str, Any]) -> dict[str, Any]:
        for name, given in value.items():
            items = given if isinstance(given, list) else [given]
            if not all(isinstance(item, str | int | float | bool | None) for item in items):
                raise ValueError(
                    phrase("'{name}' must be a plain value or a list of texts", name=name)
                )
        return value

    @field_validator("variants")
    @classmethod
    def _variants(cls, value: Any) -> Any:
        parse_variants(value)
        return value

    @model_validator(mode="after")
    def _once(self) -> CampaignConfig:
        made = [name for name, value in self.defaults.items() if is_template(value)]
        made += [*self.templates, *(["prompt"] if self.prompt is not None else [])]
        for name in made:
            if made.count(name) > 1:
                raise ValueError(
                    phrase("names two templates for {name}; leave one of them out", name=name)
                )
        return self

    @field_validator("encoding")
    @classmethod
    def _codec(cls, value: str | None) -> str | None:
        try:
            b"a ".decode(
                value or "utf-8", "replace"
            )  # also refuses codecs that are no text encodings
            return value and codecs.lookup(value).name
        except (LookupError, ValueError):
            raise ValueError(
                phrase("must be an encoding such as utf-8, cp932 or gb18030")
            ) from None

    @field_validator("delimiter")
    @classmethod
    def _one_character(cls, value: str | None) -> str | None:
        named = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";"}
        value = named.get(value, value) if value else value
        if value is not None and len(value) != 1:
            raise ValueError(phrase("must be one character, or the word tab"))
        return value
