"""One sheet at hand: which file, which settings, which sidecar, which service."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from batch_runner.app.clock import localiser
from batch_runner.app.place.database import LedgerDatabase, database_of
from batch_runner.app.place.guards import SANDBOX_ORIGIN
from batch_runner.app.place.home import sidecar_of
from batch_runner.app.place.ledger_place import LedgerFile, LedgerPlace
from batch_runner.app.place.linked import local
from batch_runner.app.place.sidecar import (
    Sidecar,
    config_owner,
    is_sandbox_copy,
    sandbox_copy,
    shown,
)
from batch_runner.app.sheet.album import PictureRules
from batch_runner.app.sheet.intake import Rulebook
from batch_runner.app.sheet.projection import Localise
from batch_runner.app.templates.names import read_name
from batch_runner.app.templates.values import read_templates, recipes
from batch_runner.core.language import speak
from batch_runner.core.model import ReadOptions
from batch_runner.core.profile import Catalogue
from batch_runner.loader.paths import check_sheet_path, is_only_read
from batch_runner.reporter.copies import results_path
from batch_runner.settings.find import user_data_dir
from batch_runner.settings.languages import load_language
from batch_runner.settings.profiles import check_parameters, load_catalogue
from batch_runner.settings.resolve import resolve
from batch_runner.settings.settings import Settings

if TYPE_CHECKING:  # its drivers are an extra
    from batch_runner.app.fleet.office import Office

SENDING = frozenset({"run", "retry"})
"""Commands that take the user's own sheet even in a rehearsal."""

_PLACES = ("config", "sheet", "base_url", "account")
_AGAIN = {
    "run": (*_PLACES, "videos"),
    "retry": (*_PLACES, "videos"),
    "check": ("config", "sheet"),
    "status": ("config",),
    "resolve": ("config",),
}
"""Options that a later command needs again, since they say where something is."""

VOUCHED = {
    name: name for name in ("video_url", "video_file", "task_id", "cost_usd", "finished_at", "job")
}
"""Columns taken for ours with ``--adopt``; words such as "status" may well be the user's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """Everything about one sheet that is settled before it is read."""

    source: Path  # the user's sheet, links resolved
    sheet: Path  # the file that is worked on: the source, or a rehearsal's copy of it
    settings: Settings
    rules: Rulebook
    sidecar: Sidecar
    origin: str  # as attempts record it
    sandbox: bool
    localise: Localise
    data: Path  # the user's own data folder on this computer
    given: Mapping[str, object] = field(default_factory=dict)  # the options as typed
    database: LedgerDatabase | None = None  # where its ledger is; None: in a file of the sidecar
    office: Office | None = None  # of the run at work on it, if its ledger is in a database

    @property
    def ledger(self) -> LedgerPlace:
        """The durable store of its jobs."""
        return self.database or LedgerFile(self.sidecar.ledger)

    @property
    def books(self) -> Path:
        """Folder of the user's books; a rehearsal has its own, for toy money."""
        return self.sidecar.home if self.sandbox else self.data

    @property
    def shared(self) -> bool:
        """Whether other computers may work on the sheet, too, each with a ledger of its own."""
        own = self.database is None and not self.sandbox
        return own and self.sidecar.local is not None

    @property
    def only_read(self) -> bool:
        """Whether the sheet is of a kind that results cannot be put into."""
        return is_only_read(self.sheet)

    @property
    def output(self) -> Path | None:
        """The copy that results go into; ``None``: they go into the sheet itself."""
        return self.settings.output_file or (results_path(self.sheet) if self.only_read else None)

    @property
    def is_copy(self) -> bool:
        """Whether the sheet is a rehearsal's copy, made anew from its source."""
        return self.sheet != self.source

    def command(self, verb: str = "run", *extra: str) -> str:
        """A command for this sheet as the user would type it."""
        sends = verb in SENDING
        sheet = str(shown(self.source if sends else self.sheet))
        # A name that begins with a dash would be taken for an option.
        words = [verb, f"./{sheet}" if sheet.startswith("-") else sheet, *extra]
        for name in _AGAIN.get(verb, ()):
            if self.given.get(name) is not None:
                words += [f"--{name.replace('_', '-')}", str(self.given[name])]
        if sends and (self.sandbox or is_sandbox_copy(self.source)):
            words.append("--sandbox")
        if self.database is not None and (url := self.database.again) is not None:
            words += ["--ledger", url]
        return f"batch-runner {shlex.join(words)}"


def open_campaign(
    path: Path,
    options: Mapping[str, object],
    environ: Mapping[str, str],
    *,
    sandbox: bool = False,
    adopt: bool = False,
    lost: bool = False,
) -> Campaign:
    """Settle what there is to settle about a sheet; reads configs, changes nothing.

    From here on this context speaks the sheet's language.

    ``adopt``: the user vouches for results that stand in the sheet without our mark; ``lost``:
    the sheet need not be there any more, what is known of it does.

    Raises:
        SheetError: there is no such sheet, or it is none of the user's.
        ConfigError, UsageError: the settings cannot be used.
    """
    path = local(path)
    source = Path(os.path.realpath(path))  # not resolve(): it raises where a link leads to itself
    for place in (path, source):
        if place.exists() or not lost:
            check_sheet_path(place)
    sheet = sandbox_copy(source) if sandbox else source
    settings = resolve(config_owner(source), options, environ)
    speak(load_language(settings.language))
    catalogue = load_catalogue(settings.defaults, settings.profiles)
    data = user_data_dir(environ)
    sidecar = sidecar_of(sheet, settings.state_dir, data)
    rehearses = sandbox or is_sandbox_copy(sheet)
    return Campaign(
        source=source,
        sheet=sheet,
        settings=settings,
        rules=replace(
            _rulebook(settings, catalogue, adopt=adopt),
            pictures=PictureRules(
                folders=(source.parent, *settings.images.folders),
                shrink=settings.images.shrink,
                fetch=settings.images.fetch,
                cache=data,
            ),
        ),
        sidecar=sidecar,
        given={name: value for name, value in options.items() if name != "ledger"},
        database=None if rehearses else database_of(sidecar, options, environ),
        origin=SANDBOX_ORIGIN if sandbox else settings.base_url,
        sandbox=sandbox,
        localise=localiser(settings.time_zone),
        data=data,
    )


def _rulebook(settings: Settings, catalogue: Catalogue, *, adopt: bool) -> Rulebook:
    check_parameters(settings.fillings.templates, catalogue, templates=True)
    templates = read_templates(settings.fillings.templates)
    columns = dict(settings.columns)
    if settings.key is not None:
        columns["key"] = (settings.key,)
    return Rulebook(
        options=ReadOptions(
            worksheet=settings.worksheet,
            header_row=settings.header_row,
            encoding=settings.encoding,
            delimiter=settings.delimiter,
            columns=columns,
            parameters=catalogue.parameters,
            recipes=recipes(templates, settings.defaults),
            group_by=settings.group_by,
        ),
        catalogue=catalogue,
        templates=templates,
        video_name=read_name(settings.video_name),
        out_configured={**(VOUCHED if adopt else {}), **settings.output_columns},
        out_prefix=settings.output_prefix,
        where=settings.where,
        hidden_rows=settings.hidden_rows,
        preview=settings.preview,
        variants=settings.variants,
        variant_rows=settings.variant_rows,
    )
