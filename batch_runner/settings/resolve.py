"""All that a run is told, in one value: option > environment > config > profile > default."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from batch_runner.core.errors import ConfigError, UsageError
from batch_runner.core.language import phrase
from batch_runner.core.selection import parse_selection
from batch_runner.core.units import parse_duration, parse_rate, parse_usd
from batch_runner.core.variants import Variants, parse_variants
from batch_runner.core.where import parse_where
from batch_runner.settings.campaign import CampaignConfig
from batch_runner.settings.find import config_beside
from batch_runner.settings.languages import settle_language, told_by_environment
from batch_runner.settings.notify import named_by
from batch_runner.settings.notify_section import from_section
from batch_runner.settings.origins import DEFAULT_ORIGIN, check_origin
from batch_runner.settings.places import place_given, place_in, place_named
from batch_runner.settings.publish_section import (
    from_publish_section,
    publish_by_environment,
)
from batch_runner.settings.read import read_config
from batch_runner.settings.settings import Settings
from batch_runner.settings.templates import by_config, by_set, canonical, video_name

BASE_URL_VARIABLE = "APIMART_BASE_URL"
_PLACES = {"BATCH_RUNNER_STATE": "state_dir", "BATCH_RUNNER_METRICS": "metrics"}
"""Variables that name a folder or file."""


def resolve(sheet: Path, options: Mapping[str, object], environ: Mapping[str, str]) -> Settings:
    """Put together what options, environment and campaign config say about one sheet.

    Args:
        sheet: the sheet; a config beside it is taken by itself, but not trusted.
        options: long options of the command with underscores; absent or ``None``: not given.
        environ: the environment's variables.

    Raises:
        UsageError: an option is unusable.
        ConfigError: the config or a variable is.
    """
    named = options.get("config")
    path = config_beside(sheet) if named is None else _path(named)
    config = CampaignConfig() if path is None else read_config(path, trusted=named is not None)
    settings = replace(_by_config(path, config, environ), **_by_environment(environ))
    settings = replace(
        settings,
        notify=named_by(options, environ, settings.notify),
        publish=publish_by_environment(environ, settings.publish),
    )
    if told := options.get("language"):
        settings = replace(settings, language=settle_language(str(told), environ))
    return replace(settings, **_by_options(options, settings))


def profiles_named_by(config: Path) -> Path | None:
    """The folder of more model profiles that a config names, if it does.

    Raises:
        ConfigError: the config is unusable.
    """
    return _from_folder_of(config, read_config(config, trusted=True).models)


def _by_config(path: Path | None, config: CampaignConfig, environ: Mapping[str, str]) -> Settings:
    """What the config says, and the defaults for what it leaves out."""
    origin = config.provider.base_url
    return Settings(
        config=path,
        worksheet=config.sheet,
        header_row=config.header_row,
        encoding=config.encoding,
        delimiter=config.delimiter,
        columns={canonical(name): headers for name, headers in config.columns.items()},
        key=config.key,
        fillings=by_config(config, path),
        group_by=config.group_by,
        profiles=_from_folder_of(path, config.models),
        replay=config.idempotency == "replay",
        resend_503=config.retry.on_503 == "resend",
        failed_tasks=config.retry.failed_tasks,
        policy_failures=config.retry.policy_failures,
        input_failures=config.retry.input_failures,
        submit_attempts=config.retry.submit_attempts,
        poll_first=config.poll.first,
        poll_min=config.poll.min,
        poll_max=config.poll.max,
        task_deadline=config.deadline.task,
        download=config.download.enabled,
        base_url=origin or DEFAULT_ORIGIN,
        base_url_from="config" if origin else "default",
        same_service=config.provider.same_service,
        dialect=config.provider.api.to_core(),
        webhook=config.webhook,
        key_env=config.provider.key_env,
        key_file=_from_folder_of(path, config.provider.key_file),
        concurrency=config.limits.concurrency,
        rate=config.limits.rate,
        probes=config.limits.probes,
        polls=config.limits.polls,
        download_concurrency=config.download.concurrency,
        download_rate=config.download.rate,
        patience=config.patience,
        run_deadline=config.deadline.run,
        budget_total=config.budget.total_usd,
        budget_run=config.budget.run_usd,
        confirm_above=config.budget.confirm_above_usd,
        budget_day=config.budget.day_usd,
        budget_month=config.budget.month_usd,
        only=config.filter.only,
        where=config.filter.where,
        limit=config.filter.limit,
        hidden_rows=config.filter.hidden == "run",
        images=config.images.settled(path),
        state_dir=_from_folder_of(path, config.state),
        video_folder=place_named(config.download.folder, path),
        publish=from_publish_section(config.publish, path),
        video_name=video_name(config, path),
        variants=_variants(config),
        output_file=None,
        output_columns=config.output.columns,
        output_prefix=config.output.prefix,
        output_style=config.output.style,
        grow_tables=config.output.grow_tables,
        variant_rows=config.output.variants == "rows",
        preview=config.output.preview,
        break_signature=config.output.break_signature,
        time_zone=config.output.time_zone,
        save_every=config.save_every,
        keep_awake=config.keep_awake,
        language=settle_language(config.language, environ),
        notify=from_section(config.notify, path, environ),
        log_folder=_from_folder_of(path, config.log.folder),
        log_bytes=config.log.size,
        log_files=config.log.files,
        metrics=_from_folder_of(path, config.metrics),
    )


def _by_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    origin = environ.get(BASE_URL_VARIABLE, "").strip()
    if origin:
        try:
            changes |= {"base_url": check_origin(origin), "base_url_from": "environment"}
        except ValueError as error:
            raise ConfigError(
                phrase("{name}: {reason}.", name=BASE_URL_VARIABLE, reason=error),
                code="bad_origin",
                hint=phrase(
                    "Without it, {default_origin} is used.", default_origin=DEFAULT_ORIGIN
                ),
            ) from None
    for variable, field in _PLACES.items():
        if place := environ.get(variable, "").strip():
            changes[field] = _path(place)
    if (videos := place_in(environ, "BATCH_RUNNER_VIDEOS")) is not None:
        changes["video_folder"] = videos
    if told := told_by_environment(environ):
        changes["language"] = settle_language(told, environ)
    return changes


def _by_options(options: Mapping[str, object], settings: Settings) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    for name, (field, read) in _OPTIONS.items():
        value = options.get(name)
        if value is not None:
            changes[field] = _read_option(name, value, read)
    if "base_url" in changes:
        changes["base_url_from"] = "option"
    if options.get("no_download"):
        changes["download"] = False
    if given := options.get("set"):
        changes["fillings"] = settings.fillings.then(by_set(given))
    return changes


def _read_option(name: str, value: object, read: Callable[[Any], object]) -> object:
    try:
        return read(value)
    except ValueError as error:
        flag = f"--{name.replace('_', '-')}"
        given = "" if "@" in str(value) else f" {value}"  # an address may carry a password
        raise UsageError(
            phrase("{name}: {reason}.", name=f"{flag}{given}", reason=error),
            code="bad_option",
            hint=phrase("See {flag} in 'run --help'.", flag=flag),
        ) from None


def _must_be(parse: Callable[[str], object]) -> Callable[[Any], object]:
    """A reader of ``core.units``: its phrases follow "must be"."""

    def read(value: object) -> object:
        try:
            return parse(str(value))
        except ValueError as error:
            raise ValueError(phrase("must be {what}", what=error)) from None

    return read


def _count(value: object) -> int:
    text = str(value).strip()
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise ValueError(phrase("must be a whole number above zero"))
    return int(text)


def _path(value: object) -> Path:
    return Path(str(value)).expanduser()


_OPTIONS: Mapping[str, tuple[str, Callable[[Any], object]]] = MappingProxyType(
    {
        "sheet": ("worksheet", str),
        "base_url": ("base_url", check_origin),
        "concurrency": ("concurrency", _count),
        "rate": ("rate", _must_be(parse_rate)),
        "budget": ("budget_total", _must_be(parse_usd)),
        "confirm_above": ("confirm_above", _must_be(parse_usd)),
        "deadline": ("run_deadline", _must_be(parse_duration)),
        "only": ("only", _must_be(parse_selection)),
        "where": ("where", _must_be(parse_where)),
        "limit": ("limit", _count),
        "videos": ("video_folder", place_given),
        "output": ("output_file", _path),
        "metrics": ("metrics", _path),
        "save_every": ("save_every", _must_be(parse_duration)),
    }
)
"""Option -> the setting it decides, and how it is read."""


def _variants(config: CampaignConfig) -> Variants:
    found = parse_variants(config.variants)
    grid = {canonical(name): values for name, values in found.grid.items()}
    return replace(found, grid=grid)


def _from_folder_of(config: Path | None, name: str | None) -> Path | None:
    """A path that a config gives: from the folder the config lies in."""
    return None if config is None or name is None else config.parent / _path(name)
