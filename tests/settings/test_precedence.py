"""Option > environment > campaign config > profile > default."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from batch_runner.core.errors import ConfigError, UsageError
from batch_runner.core.model import ColumnMap, SheetRow
from batch_runner.core.rules import judge
from batch_runner.core.selection import parse_selection
from batch_runner.settings.profiles import load_catalogue
from batch_runner.settings.resolve import resolve

Write = Callable[..., Path]

LAYERS: list[tuple[Any, ...]] = [
    # option, its value, config text, field, then: by option, by config, by default
    ("concurrency", "7", "limits: {concurrency: 5}", "concurrency", 7, 5, None),
    ("rate", "60/min", "limits: {rate: 2/s}", "rate", 1.0, 2.0, None),
    ("limit", 3, "filter: {limit: 9}", "limit", 3, 9, None),
    ("budget", "2.5", "budget: {total_usd: 10}", "budget_total", 2_500_000, 10_000_000, None),
    ("save_every", "10", "save_every: 1 min", "save_every", 10.0, 60.0, 30.0),
    ("sheet", "Two", "sheet: One", "worksheet", "Two", "One", None),
    ("no_download", True, "download: {enabled: true}", "download", False, True, True),
    (
        "only",
        "5,8-12",
        "filter: {only: failed}",
        "only",
        parse_selection("5,8-12"),
        parse_selection("failed"),
        None,
    ),
    (
        "base_url",
        "https://api.apib.ai/",
        "provider: {base_url: https://api.aiuxu.com}",
        "base_url",
        "https://api.apib.ai",
        "https://api.aiuxu.com",
        "https://api.apimart.ai",
    ),
]


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: layer[0])
def test_option_beats_config_beats_default(sheet: Path, write: Write, layer: Any) -> None:
    """Each setting is taken from the strongest layer that gives it."""
    option, value, config, field, by_option, by_config, by_default = layer
    named = {"config": write(config)}
    assert getattr(resolve(sheet, {}, {}), field) == by_default
    assert getattr(resolve(sheet, {option: None}, {}), field) == by_default
    assert getattr(resolve(sheet, named, {}), field) == by_config
    assert getattr(resolve(sheet, {**named, option: value}, {}), field) == by_option


def test_origin_by_option_environment_config_default(sheet: Path, write: Write) -> None:
    """The environment stands between option and config, and its source is told."""
    option = {"base_url": "https://one.example"}
    environ = {"APIMART_BASE_URL": "https://two.example"}
    config = {"config": write("provider: {base_url: https://three.example}")}
    cases: list[tuple[Mapping[str, Any], Mapping[str, str], str, str]] = [
        ({**config, **option}, environ, "https://one.example", "option"),
        (config, environ, "https://two.example", "environment"),
        (config, {"APIMART_BASE_URL": " "}, "https://three.example", "config"),
        ({}, {}, "https://api.apimart.ai", "default"),
    ]
    for options, variables, origin, origin_from in cases:
        found = resolve(sheet, options, variables)
        assert (found.base_url, found.base_url_from) == (origin, origin_from)


def test_state_by_environment_config_default(sheet: Path, write: Write, tmp_path: Path) -> None:
    """The ledger's place: variable over config over beside the sheet."""
    config = {"config": write("state: ledgers")}
    environ = {"BATCH_RUNNER_STATE": str(tmp_path / "else")}
    assert resolve(sheet, config, environ).state_dir == tmp_path / "else"
    assert resolve(sheet, config, {}).state_dir == tmp_path / "ledgers"
    assert resolve(sheet, {}, {}).state_dir is None


def test_paths_of_a_config_start_at_its_folder(sheet: Path, write: Write, tmp_path: Path) -> None:
    """A config means the same wherever the command is started; an option is taken as typed."""
    config = {"config": write("download: {folder: out}", "deep/given.yaml")}
    assert resolve(sheet, config, {}).video_folder == tmp_path / "deep" / "out"
    assert resolve(sheet, {**config, "videos": "mine"}, {}).video_folder == Path("mine")
    assert resolve(sheet, {}, {}).video_folder is None
    assert resolve(sheet, {"output": "copy.xlsx"}, {}).output_file == Path("copy.xlsx")


def test_parameters_by_set_config_profile(sheet: Path, write: Write) -> None:
    """A row's blank cell is filled by --set, else the config, else the model's profile."""
    row = SheetRow(number=2, values=("It runs.", "https://a.example/1.png"))
    columns = ColumnMap(columns={"prompt": (0,), "image_urls": (1,)})
    config = {"config": write("defaults: {Duration: 8, aspect-ratio: 9:16}")}
    options = {**config, "set": ["duration=12", "Resolution = 1080"]}
    found = []
    for given in ({}, config, options):
        catalogue = load_catalogue(resolve(sheet, given, {}).defaults)
        request = judge(row, columns, catalogue).request or {}
        found.append((request["duration"], request["aspect_ratio"], request["resolution"]))
    assert found == [(5, "16:9", "720p"), (8, "9:16", "720p"), (12, "9:16", "1080p")]


def test_a_config_beside_the_sheet_is_taken_by_itself(sheet: Path, write: Write) -> None:
    """By either name; --config beats it; both at once cannot be understood."""
    assert resolve(sheet, {}, {}).config is None
    by_stem = write("sheet: Stem", "campaign.yaml")
    assert resolve(sheet, {}, {}).worksheet == "Stem"
    assert resolve(sheet, {}, {}).config == by_stem
    named = write("sheet: Named")
    assert resolve(sheet, {"config": named}, {}).worksheet == "Named"
    by_name = write("sheet: Name", "campaign.xlsx.yaml")
    with pytest.raises(ConfigError, match="Both") as caught:
        resolve(sheet, {}, {})
    assert caught.value.code == "two_configs"
    by_stem.unlink()
    assert resolve(sheet, {}, {}).config == by_name


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"rate": "60"}, "--rate 60: must be a rate such as 60/min"),
        ({"concurrency": 0}, "--concurrency 0: must be a whole number above zero"),
        ({"limit": "few"}, "--limit few: must be a whole number"),
        ({"budget": "-1"}, "--budget -1: must be an amount"),
        ({"only": "unknown"}, "--only unknown: must be 'new', 'failed'"),
        ({"save_every": "soon"}, "--save-every soon: must be a time"),
        ({"base_url": "http://api.apimart.ai"}, "must use https"),
        ({"base_url": "https://me:pass@api.apimart.ai"}, "--base-url: an origin must not carry"),
        ({"set": ["duration"]}, "--set duration must be of the form key=value"),
        ({"set": ["=5"]}, "key=value"),
    ],
)
def test_an_unusable_option_is_named(sheet: Path, options: dict[str, Any], says: str) -> None:
    """The sentence names the option, what was given and what is allowed."""
    with pytest.raises(UsageError) as caught:
        resolve(sheet, options, {})
    assert says in str(caught.value)
    assert caught.value.code == "bad_option"


def test_an_unusable_variable_is_named(sheet: Path) -> None:
    """A mistyped origin never silently falls back to another one."""
    with pytest.raises(ConfigError, match="APIMART_BASE_URL"):
        resolve(sheet, {}, {"APIMART_BASE_URL": "api.apimart.ai"})


@pytest.mark.parametrize(
    ("name", "hint"),
    [("duraton", "duration"), ("promt", "prompt"), ("ratio", "Did you mean")],
)
def test_defaults_of_unknown_parameters_are_refused(name: str, hint: str) -> None:
    """A default that no model knows is a typo, and would silently do nothing."""
    with pytest.raises(ConfigError) as caught:
        load_catalogue({name: 5})
    assert caught.value.code == "unknown_parameter"
    assert hint in caught.value.hint


def test_an_unknown_default_model_is_refused() -> None:
    """Not once for every row, but once, before anything is read."""
    with pytest.raises(ConfigError, match="viduq4") as caught:
        load_catalogue({"model": "viduq4"})
    assert "viduq3" in caught.value.hint


def test_the_rest_of_the_config_reaches_the_settings(sheet: Path, write: Write) -> None:
    """Nothing that a config may say is dropped on the way."""
    config = """
        header_row: 3
        key: SKU
        encoding: Shift-JIS
        delimiter: tab
        columns: {Prompt: Scene, image urls: [Front, Side]}
        limits: {polls: 5/s}
        budget: {run_usd: 4}
        retry: {failed_tasks: 2, submit_attempts: 3, on_503: hold}
        poll: {first: 2s, min: 3s, max: 4s}
        deadline: {task: 10 min, run: 2h}
        patience: 5 min
        idempotency: replay
        download: {enabled: no, concurrency: 2, rate: 20MB/s}
        filter: {hidden: skip}
        keep_awake: false
        output: {columns: {status: State}, prefix: br_, time_zone: Asia/Tokyo}
        provider: {same_service: ["https://API.apib.ai/", https://api.aiuxu.com]}
    """
    s = resolve(sheet, {"config": write(config)}, {})
    assert (s.header_row, s.key, s.encoding, s.delimiter) == (3, "SKU", "shift_jis", "\t")
    assert s.columns == {"prompt": ("Scene",), "image_urls": ("Front", "Side")}
    assert (s.polls, s.budget_run, s.failed_tasks, s.submit_attempts) == (5.0, 4_000_000, 2, 3)
    assert (s.poll_first, s.poll_min, s.poll_max) == (2.0, 3.0, 4.0)
    assert (s.task_deadline, s.run_deadline, s.patience) == (600.0, 7200.0, 300.0)
    assert s.download_rate == 20e6
    assert (s.replay, s.resend_503, s.download, s.download_concurrency) == (True, False, False, 2)
    assert (s.hidden_rows, s.keep_awake, s.time_zone) == (False, False, "Asia/Tokyo")
    assert (s.output_columns, s.output_prefix) == ({"status": "State"}, "br_")
    assert s.same_service == ("https://api.apib.ai", "https://api.aiuxu.com")
