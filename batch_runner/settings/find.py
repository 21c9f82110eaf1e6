"""Where settings lie: beside a sheet, in the package, in the user's own folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from batch_runner.core.errors import ConfigError
from batch_runner.core.language import phrase

DATA_VARIABLE = "BATCH_RUNNER_DATA"


def config_beside(sheet: Path) -> Path | None:
    """The config that is taken by itself: ``<sheet file name>.yaml`` or ``<sheet stem>.yaml``.

    Raises:
        ConfigError: both exist, and nobody can know which is meant.
    """
    by_name = sheet.with_name(f"{sheet.name}.yaml")
    by_stem = sheet.with_name(f"{sheet.stem}.yaml")
    found = [path for path in (by_name, by_stem) if path.is_file()]
    if len(found) > 1:
        raise ConfigError(
            phrase(
                "Both {by_name_name} and {by_stem_name} lie beside the sheet.",
                by_name_name=by_name.name,
                by_stem_name=by_stem.name,
            ),
            code="two_configs",
            hint=phrase("Remove one of them, or name one by --config."),
            where=str(sheet.parent),
        )
    return found[0] if found else None


def configs_dir() -> Path:
    """The folder of the shipped configs: inside the installed package, else in the checkout."""
    package = Path(__file__).resolve().parent.parent
    shipped = package / "configs"
    return shipped if shipped.is_dir() else package.parent / "configs"


def user_config_dir() -> Path:
    """The user's own config folder, by the custom of the system; it need not exist."""
    import platformdirs

    return Path(platformdirs.user_config_dir("batch-runner", appauthor=False))


def user_data_dir(environ: Mapping[str, str]) -> Path:
    """Where what all sheets of the user share is kept; it need not exist."""
    given = environ.get(DATA_VARIABLE, "").strip()
    if given:
        return Path(given).expanduser()
    import platformdirs

    return Path(platformdirs.user_data_dir("batch-runner", appauthor=False))


def profile_folders() -> tuple[Path, ...]:
    """Where model profiles are looked for: the shipped ones, then the user's own on top."""
    return configs_dir() / "models", user_config_dir() / "models"
