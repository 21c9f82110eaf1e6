"""Model profiles: from the YAML files of some folders to the catalogue that the rules use."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from pydantic import ValidationError

from batch_runner.core.errors import ConfigError
from batch_runner.core.language import phrase
from batch_runner.core.nearest import did_you_mean
from batch_runner.core.profile import Catalogue, Given, Profile
from batch_runner.settings.find import profile_folders
from batch_runner.settings.profile_file import ProfileFile
from batch_runner.settings.read import explain
from batch_runner.settings.yaml_file import parse_yaml, read_text


def load_profiles(folders: Sequence[Path]) -> Mapping[str, Profile]:
    """All profiles of some folders, by model; a later folder replaces a model of an earlier one.

    A folder that does not exist holds none.

    Raises:
        ConfigError: a file is unusable, or two files of one folder name the same model.
    """
    profiles: dict[str, Profile] = {}
    for folder in folders:
        here: dict[str, Path] = {}
        for path in sorted(folder.glob("*.yaml")):
            profile = read_profile(path)
            if profile.model in here:
                raise ConfigError(
                    phrase(
                        "{file} and {other} both describe {model}.",
                        file=path.name,
                        other=here[profile.model].name,
                        model=profile.model,
                    ),
                    code="profile_twice",
                    hint=phrase("Remove one of them."),
                    where=str(folder),
                )
            here[profile.model] = path
            profiles.pop(profile.model, None)  # the last one counts, also as the default
            profiles[profile.model] = profile
    return profiles


def read_profile(path: Path) -> Profile:
    """One profile.

    Raises:
        ConfigError: the file is unusable; names file, line and key.
    """
    return _understood(path, read_text(path))


@lru_cache(maxsize=512)
def _understood(path: Path, text: str) -> Profile:
    """What a file says, worked out once while it says the same: for many sheets, for a server."""
    document = parse_yaml(path, text, trusted=True)
    try:
        return ProfileFile.model_validate(document.data).to_core()
    except ValidationError as error:
        raise explain(error, ProfileFile, document, code="profile_invalid") from None


def load_catalogue(defaults: Mapping[str, Given], more: Path | None = None) -> Catalogue:
    """The shipped profiles and the user's own, with the defaults of a run.

    ``more``: a folder of profiles that go before those, which a config names.

    Raises:
        ConfigError: a profile is unusable, or a default names no parameter or model.
    """
    if more is not None and not more.is_dir():
        raise ConfigError(
            phrase("There is no such folder, in which 'models' says that profiles are."),
            code="models_missing",
            where=str(more),
        )
    folders = (*profile_folders(), *(() if more is None else (more,)))
    return make_catalogue(load_profiles(folders), defaults)


def make_catalogue(profiles: Mapping[str, Profile], defaults: Mapping[str, Given]) -> Catalogue:
    """What the rules need; the model of rows that name none is the last one marked as default.

    Raises:
        ConfigError: a default names a parameter or model that does not exist.
    """
    marked = [profile.model for profile in profiles.values() if profile.default]
    catalogue = Catalogue(
        profiles=profiles, defaults=defaults, default_model=marked[-1] if marked else None
    )
    check_parameters(defaults, catalogue)
    model = defaults.get("model")
    if model is not None and catalogue.find(str(model)) is None:
        raise ConfigError(
            phrase("There is no model '{model}', which the defaults name.", model=model),
            code="unknown_model",
            hint=did_you_mean(str(model), profiles),
        )
    return catalogue


def check_parameters(
    names: Iterable[str], catalogue: Catalogue, *, templates: bool = False
) -> None:
    """See that each name is a parameter of some model; ``templates``: they make its value.

    Raises:
        ConfigError: one is not.
    """
    known = {"model", *catalogue.parameters}
    for name in names:
        if name not in known:
            ours = catalogue.api_names.get(name, "")
            raise ConfigError(
                phrase("No model has a parameter '{name}', which a template makes.", name=name)
                if templates
                else phrase(
                    "No model has a parameter '{name}', which the defaults set.", name=name
                ),
                code="unknown_parameter",
                hint=(
                    phrase("Here it is called {ours}.", ours=ours)
                    if ours
                    else did_you_mean(name, known)
                ),
            )
