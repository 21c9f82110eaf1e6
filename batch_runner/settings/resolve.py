"""All that a run is told, in one value: option > environment > config > profile > default."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from batch_runner.core.errors import ConfigError, UsageError
from batch_runner.core.profile import Given
from batch_runner.core.selection import Selection, parse_selection
from batch_runner.core.text import loose
from batch_runner.core.units import parse_duration, parse_rate, parse_usd
from batch_runner.settings.campaign import CampaignConfig
from batch_runner.settings.find import config_beside
from batch_runner.settings.origins import DEFAULT_ORIGIN, check_origin
from batch_runner.settings.read import read_config

BASE_URL_VARIABLE = "APIMART_BASE_URL"
STATE_VARIABLE = "BATCH_RUNNER_STATE"

T = TypeVar("T")
U = TypeVar("U")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything a run needs to know that does not stand in the sheet; ``None``: find out."""

    config: Path | None  # the campaign config in effect
    worksheet: str | None  # a name, or "all"
    header_row: int | None  # 1-based
    encoding: str | None
    delimiter: str | None
    columns: Mapping[str, tuple[str, ...]]  # our name -> their headers
    key: str | None  # header of the user's id column
    defaults: Mapping[str, Given]  # parameter (or "model") -> value, --set included

    replay: bool  # a lost submit may be sent again under its old key
    resend_503: bool
    failed_tasks: int  # new attempts after a task failed
    submit_attempts: int  # sends of one job in one run
    poll_first: float  # seconds
    poll_min: float  # seconds
    poll_max: float  # seconds
    task_deadline: float  # seconds
    download: bool

    base_url: str  # origin, without trailing slash
    base_url_from: str  # "option", "environment", "config" or "default"
    same_service: tuple[str, ...]  # origins that count as one

    concurrency: int | None  # tasks in flight
    rate: float | None  # submits a second
    polls: float  # looks a second
    download_concurrency: int
    patience: float | None  # seconds to wait for a provider that is down
    run_deadline: float | None  # seconds

    budget_total: int | None  # micro-dollars, for the sheet's whole ledger
    budget_run: int | None  # micro-dollars, for this run

    only: Selection | None
    limit: int | None  # new submits of this run
    hidden_rows: bool  # whether hidden and filtered rows run

    state_dir: Path | None  # where sidecars go instead of beside the sheet
    video_folder: Path | None  # instead of the sidecar's ``videos``
    output_file: Path | None  # results go into this copy
    output_columns: Mapping[str, str]  # our column name -> header
    output_prefix: str  # before our column name where the user has one of that name
    time_zone: str | None  # IANA name; None: this machine's
    save_every: float  # seconds
    keep_awake: bool


def resolve(sheet: Path, options: Mapping[str, object], environ: Mapping[str, str]) -> Settings:
    """Put together what options, environment and campaign config say about one sheet.

    Args:
        sheet: the sheet; a config beside it is taken by itself, but not trusted.
        options: long options of the command with underscores; absent or ``None``: not given.
        environ: the environment's variables.

    Raises:
        UsageError: an option or variable is unusable.
        ConfigError: the config is.
    """
    path, config = _config(sheet, options)
    folder = path.parent if path else sheet.parent
    origin, origin_from = _origin(options, environ, config)
    download = config.download
    return Settings(
        config=path,
        worksheet=_option(options, "sheet", str, config.sheet),
        header_row=config.header_row,
        encoding=config.encoding,
        delimiter=config.delimiter,
        columns={_canonical(name): headers for name, headers in config.columns.items()},
        key=config.key,
        defaults=_defaults(options, config),
        replay=config.idempotency == "replay",
        resend_503=config.retry.on_503 == "resend",
        failed_tasks=config.retry.failed_tasks,
        submit_attempts=config.retry.submit_attempts,
        poll_first=config.poll.first,
        poll_min=config.poll.min,
        poll_max=config.poll.max,
        task_deadline=config.deadline.task,
        download=download.enabled and not options.get("no_download"),
        base_url=origin,
        base_url_from=origin_from,
        same_service=config.provider.same_service,
        concurrency=_option(options, "concurrency", _count, config.limits.concurrency),
        rate=_option(options, "rate", _of_text(parse_rate), config.limits.rate),
        polls=config.limits.polls,
        download_concurrency=download.concurrency,
        patience=config.patience,
        run_deadline=config.deadline.run,
        budget_total=_option(options, "budget", _of_text(parse_usd), config.budget.total_usd),
        budget_run=config.budget.run_usd,
        only=_option(options, "only", _of_text(parse_selection), config.filter.only),
        limit=_option(options, "limit", _count, config.filter.limit),
        hidden_rows=config.filter.hidden == "run",
        state_dir=_state(environ, config, folder),
        video_folder=_option(options, "videos", _path, _beside(folder, download.folder)),
        output_file=_option(options, "output", _path, None),
        output_columns=config.output.columns,
        output_prefix=config.output.prefix,
        time_zone=config.output.time_zone,
        save_every=_option(options, "save_every", _of_text(parse_duration), config.save_every),
        keep_awake=config.keep_awake,
    )


def _config(sheet: Path, options: Mapping[str, object]) -> tuple[Path | None, CampaignConfig]:
    named = _option(options, "config", _path, None)
    path = config_beside(sheet) if named is None else named
    if path is None:
        return None, CampaignConfig()
    return path, read_config(path, trusted=named is not None)


def _defaults(options: Mapping[str, object], config: CampaignConfig) -> Mapping[str, Given]:
    """The config's defaults, each replaced by what --set says of it."""
    defaults: dict[str, Given] = {
        _canonical(name): tuple(str(item) for item in value) if isinstance(value, list) else value
        for name, value in config.defaults.items()
        if value is not None
    }
    given = options.get("set")
    for text in given if isinstance(given, list | tuple) else [given] if given else []:
        name, equals, value = str(text).partition("=")
        if not equals or not name.strip() or not value.strip():
            raise UsageError(
                f"--set {text} must be of the form key=value.",
                code="bad_option",
                hint="Such as --set duration=8.",
            )
        defaults[_canonical(name)] = value.strip()
    return defaults


def _origin(
    options: Mapping[str, object], environ: Mapping[str, str], config: CampaignConfig
) -> tuple[str, str]:
    option = _option(options, "base_url", _of_text(check_origin, "{}"), None)
    if option is not None:
        return option, "option"
    variable = environ.get(BASE_URL_VARIABLE, "").strip()
    if variable:
        try:
            return check_origin(variable), "environment"
        except ValueError as error:
            raise ConfigError(
                f"{BASE_URL_VARIABLE}: {error}.",
                code="bad_origin",
                hint=f"Without it, {DEFAULT_ORIGIN} is used.",
            ) from None
    if config.provider.base_url is not None:
        return config.provider.base_url, "config"
    return DEFAULT_ORIGIN, "default"


def _state(environ: Mapping[str, str], config: CampaignConfig, folder: Path) -> Path | None:
    variable = environ.get(STATE_VARIABLE, "").strip()
    if variable:
        return Path(variable).expanduser()
    return _beside(folder, config.state)


def _beside(folder: Path, name: str | None) -> Path | None:
    """A path of a config: from the folder the config lies in."""
    return None if name is None else folder / Path(name).expanduser()


def _option(
    options: Mapping[str, object], name: str, read: Callable[[object], T], otherwise: U
) -> T | U:
    value = options.get(name)
    if value is None:
        return otherwise
    try:
        return read(value)
    except ValueError as error:
        flag = f"--{name.replace('_', '-')}"
        given = "" if "@" in str(value) else f" {value}"  # an address may carry a password
        raise UsageError(
            f"{flag}{given}: {error}.", code="bad_option", hint=f"See {flag} in 'run --help'."
        ) from None


def _of_text(parse: Callable[[str], T], sentence: str = "must be {}") -> Callable[[object], T]:
    """A reader of text as a reader of options, with its phrase made a sentence."""

    def read(value: object) -> T:
        try:
            return parse(str(value))
        except ValueError as error:
            raise ValueError(sentence.format(error)) from None

    return read


def _count(value: object) -> int:
    text = str(value).strip()
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise ValueError("must be a whole number above zero")
    return int(text)


def _path(value: object) -> Path:
    return Path(str(value)).expanduser()


def _canonical(name: str) -> str:
    """A parameter's name however it was written: "Aspect Ratio" is ``aspect_ratio``."""
    return "_".join(loose(name).replace("-", " ").replace("_", " ").split())
