"""What a run is told, all in one value; ``settings.resolve`` makes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from batch_runner.core.dialect import Dialect
from batch_runner.core.profile import Given
from batch_runner.core.selection import Selection
from batch_runner.core.variants import Variants
from batch_runner.core.where import Where
from batch_runner.settings.campaign import Webhook
from batch_runner.settings.images import PictureSettings
from batch_runner.settings.notify import Notify
from batch_runner.settings.publish_section import Publish
from batch_runner.settings.templates import Fillings, TemplateText


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything a run needs to know that does not stand in the sheet; ``None``: find out."""

    config: Path | None  # the campaign config in effect
    worksheet: str | tuple[str, ...] | None  # a name, several, or "all"
    header_row: int | None  # 1-based
    encoding: str | None
    delimiter: str | None
    columns: Mapping[str, tuple[str, ...]]  # our name -> their headers
    key: str | None  # header of the user's id column
    fillings: Fillings  # for rows that say nothing themselves, --set included
    group_by: str | None  # header by which following rows are joined into the first
    profiles: Path | None  # folder of more model profiles

    replay: bool  # a lost submit may be sent again under its old key
    resend_503: bool
    failed_tasks: int  # new attempts after a task failed
    policy_failures: int  # ... for its content
    input_failures: int  # ... for what the row gave it
    submit_attempts: int  # sends of one job in one run
    poll_first: float  # seconds
    poll_min: float  # seconds
    poll_max: float  # seconds
    task_deadline: float  # seconds
    download: bool

    base_url: str  # origin, without trailing slash
    base_url_from: str  # "option", "environment", "config" or "default"
    same_service: tuple[str, ...]  # origins that count as one
    dialect: Dialect  # the service's paths, fields and words
    webhook: Webhook | None  # where it calls when a task ends; None: nowhere
    key_env: str | None  # the variable with the API key; None: the usual one
    key_file: Path | None  # a file with the API key

    concurrency: int | None  # tasks in flight
    rate: float | None  # submits a second
    probes: float | None  # 429s a second to find free slots by; None: only where slots are found
    polls: float | None  # looks a second; None: by the slots and the rate
    download_concurrency: int
    download_rate: float | None  # bytes a second of all downloads together; None: no limit
    patience: float | None  # seconds to wait for a provider that is down
    run_deadline: float | None  # seconds

    budget_total: int | None  # micro-dollars, for the sheet's whole ledger
    budget_run: int | None  # micro-dollars, for this run
    confirm_above: int | None  # micro-dollars above which somebody has to say yes
    budget_day: int | None  # micro-dollars, for all sheets of this key together
    budget_month: int | None  # micro-dollars, for all sheets of this key together

    only: Selection | None
    where: Where | None  # a condition over the sheet's columns
    limit: int | None  # new submits of this run
    hidden_rows: bool  # whether hidden and filtered rows run
    images: PictureSettings

    state_dir: Path | None  # where sidecars go instead of beside the sheet
    video_folder: Path | str | None  # or URL, instead of the sidecar's ``videos``
    publish: Publish | None  # links that last; None: the provider's are shown
    video_name: TemplateText | None  # of each video, within that folder
    variants: Variants  # how many videos a row gets that does not say it itself
    output_file: Path | None  # results go into this copy
    output_columns: Mapping[str, str]  # our column name -> header
    output_prefix: str  # before our column name where the user has one of that name
    output_style: bool  # whether our cells in a workbook get looks of their own
    grow_tables: bool  # whether an Excel table that ends at our columns takes them in
    variant_rows: bool  # whether further variants are listed beside the sheet, not in columns
    preview: bool  # whether a workbook shows a picture of each video
    break_signature: bool  # whether a signed workbook may be changed
    time_zone: str | None  # IANA name; None: this machine's
    save_every: float  # seconds
    keep_awake: bool

    language: str  # of sentences: one of settings.languages.LANGUAGES
    notify: Notify  # who is told of the run
    log_folder: Path | None  # where the log of runs goes instead of the sidecar
    log_bytes: int  # beyond which a new log is begun
    log_files: int  # full ones that are kept
    metrics: Path | None  # folder or file for Prometheus

    @property
    def defaults(self) -> Mapping[str, Given]:
        """Parameter (or "model") -> value for rows without one, the same for all of them."""
        return self.fillings.defaults

    @property
    def budgeted(self) -> bool:
        """Whether any budget is set, so that what is sent must have a price."""
        budgets = (self.budget_total, self.budget_run, self.budget_day, self.budget_month)
        return any(budget is not None for budget in budgets)
