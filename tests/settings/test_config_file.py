"""Reading campaign configs: strictly, and with mistakes named where they stand."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from batch_runner.core.errors import ConfigError
from batch_runner.core.outcolumns import OUT_COLUMNS
from batch_runner.settings.campaign import CampaignConfig
from batch_runner.settings.read import read_config
from batch_runner.settings.schema_file import FILE_NAME, campaign_schema
from batch_runner.settings.section import Section
from batch_runner.settings.yaml_file import MAX_BYTES, read_yaml

Write = Callable[..., Path]
CONFIGS = Path(__file__).parents[2] / "configs"


@pytest.mark.parametrize(
    ("text", "code", "says"),
    [
        ("bugdet: {total_usd: 5}", "unknown_key", "'bugdet'. Did you mean budget?"),
        ("budget: {totl_usd: 5}", "unknown_key", "'budget.totl_usd'. Did you mean total_usd"),
        ("total_usd: 5", "unknown_key", "It belongs elsewhere: budget.total_usd."),
        ("bugdet:", "unknown_key", "Did you mean budget?"),
        ("limits: {rate: 60}", "config_invalid", "'limits.rate' must be a rate such as 60/min"),
        ("limits: {concurrency: 0}", "config_invalid", "'limits.concurrency' must be greater"),
        ("limits: {concurrency: true}", "config_invalid", "must be a whole number"),
        ("limits: 5", "config_invalid", "'limits' must hold 'key: value' lines"),
        ("columns: {prompt: 5}", "config_invalid", "'columns.prompt' must be a list"),
        ("save_every: soon", "config_invalid", "must be a time such as 30s"),
        ("budget: {total_usd: much}", "config_invalid", "must be an amount in US dollars"),
        ("defaults: {a: {b: c}}", "config_invalid", "'a' must be a plain value"),
        ("poll: {min: 30s}", "config_invalid", "'poll' must have min not above max"),
        ("output: {time_zone: Mars}", "config_invalid", "must be a time zone such as"),
        ("output: {columns: {state: S}}", "config_invalid", "'state' must be one of status"),
        ("encoding: rot13", "config_invalid", "must be an encoding such as utf-8"),
        ("delimiter: ;;", "config_invalid", "must be one character"),
        ("filter: {only: unknown}", "config_invalid", "must be 'new', 'failed' or line numbers"),
        ("retry: {on_503: retry}", "config_invalid", "must be 'resend' or 'hold'"),
        ("provider: {base_url: ftp://x}", "config_invalid", "must be an origin such as"),
        ("sheet: 5", "config_invalid", "must be a text (put it in quotes)"),
        ("filter: {where: 'a = 1'}", "config_invalid", "'filter.where' must be a condition such"),
        ("budget: {day_usd: all}", "config_invalid", "must be an amount in US dollars"),
        ("retry: {policy_failures: 11}", "config_invalid", "'retry.policy_failures' must be"),
        ("notify: {mail: x}", "unknown_key", "There is no setting 'notify.mail'"),
        ("log: {size: 3 pages}", "config_invalid", "'log.size' must be a size such as 10MB"),
        ("output: {style: x}", "config_invalid", "'output.style' must be true or false"),
        ("output: {grow_tables: 7}", "config_invalid", "'output.grow_tables' must be"),
        ("a: 1\na: 2", "config_not_yaml", "'a' stands here twice"),
        ("a: [", "config_not_yaml", "no valid YAML"),
        ("- a", "config_not_yaml", "must hold 'key: value' lines"),
        ("a: &x 1\nb: *x", "config_not_yaml", "anchors and aliases are not supported"),
        ("a: !!python/name:os.system x", "config_not_yaml", "no valid YAML"),
        ("a: !!python/object:os.x {}", "config_not_yaml", "is not supported"),
        ("? [a]\n: 1", "config_not_yaml", "A key must be plain text"),
        ("a: 1\n---\nb: 1", "config_not_yaml", "another document"),
        ("a: \x00", "config_not_yaml", "no valid YAML"),
        ("[" * 5000, "config_not_yaml", "no valid YAML"),
        ("a: " + "[" * 30 + "]" * 30, "config_not_yaml", "nested too deeply"),
        (b"a: \xff", "config_not_yaml", "not UTF-8"),
        (b"#" * (MAX_BYTES + 1), "config_not_yaml", "larger than"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_mistakes_are_named(write: Write, text: str | bytes, code: str, says: str) -> None:
    """Each mistake gives a stable code and a sentence with key, limit and nearest name."""
    path = write(text)
    with pytest.raises(ConfigError) as caught:
        read_config(path, trusted=True)
    assert caught.value.code == code
    assert says in str(caught.value)
    assert str(caught.value).startswith(f"{path}:")
    assert caught.value.exit_code == 2


def test_the_line_of_the_first_mistake_is_given(write: Write) -> None:
    """All mistakes are said at once; the place leads to the first."""
    path = write("sheet: A\n\nlimits:\n  polls: 1/s\n  rate: fast\nsave_every: 0\n")
    with pytest.raises(ConfigError) as caught:
        read_config(path, trusted=True)
    assert caught.value.where == f"{path}:5"
    assert "'limits.rate'" in caught.value.message
    assert "'save_every'" in caught.value.message


def test_a_missing_file_is_said_plainly(tmp_path: Path) -> None:
    """A mistyped --config is one sentence."""
    with pytest.raises(ConfigError, match="cannot be read") as caught:
        read_config(tmp_path / "none.yaml", trusted=True)
    assert caught.value.code == "config_unreadable"


@pytest.mark.parametrize(
    "text",
    [
        "provider: {base_url: https://evil.example}",
        "provider: {same_service: [https://evil.example]}",
        "provider: {proxy: http://evil.example}",
        "notify: {mail: a@evil.example}",
        "publish: {to: public, base_url: https://evil.example}",
    ],
)
def test_a_config_from_the_folder_cannot_send_anything_elsewhere(write: Write, text: str) -> None:
    """Whoever can put a file beside the sheet gets neither key nor requests."""
    with pytest.raises(ConfigError, match="--config") as caught:
        read_config(write(text), trusted=False)
    assert caught.value.code == "config_not_trusted"


@pytest.mark.parametrize("text", ["", "# nothing", "budget:\nprovider:\nnotify:\nlog:", "{}"])
def test_keys_without_a_value_are_unset(write: Write, text: str) -> None:
    """A section whose lines are all commented out is no mistake."""
    assert read_config(write(text), trusted=False) == CampaignConfig()


def test_yaml_reads_what_people_mean(write: Write) -> None:
    """16:9 is no number of base 60, "no" no truth value, 007 not 7, a date not a date."""
    text = "a: 16:9\nno: [no, yes, on, 007, 1_000, 0x1F, 2026-01-02]\nb: [true, 5, -5, .5, 1e3, ~]"
    data = read_yaml(write(text)).data
    assert data == {
        "a": "16:9",
        "no": ["no", "yes", "on", "007", "1_000", "0x1F", "2026-01-02"],
        "b": [True, 5, -5, 0.5, 1000.0, None],
    }


def test_a_ratio_needs_no_quotes(write: Write) -> None:
    """The most natural way to write a ratio gives that ratio."""
    config = read_config(write("defaults: {aspect_ratio: 16:9}"), trusted=False)
    assert config.defaults == {"aspect_ratio": "16:9"}


def test_a_byte_order_mark_does_not_matter(write: Write) -> None:
    """Editors on Windows write one."""
    assert read_config(write(b"\xef\xbb\xbfsheet: One"), trusted=False).sheet == "One"


def test_the_example_loads_and_shows_the_defaults() -> None:
    """As shipped it changes nothing but the parameters' defaults, and needs no trust."""
    config = read_config(CONFIGS / "campaign.yaml", trusted=False)
    assert config.model_copy(update={"defaults": {}}) == CampaignConfig()
    assert config.defaults["aspect_ratio"] == "16:9"


def test_the_example_loads_with_everything_switched_on(write: Write) -> None:
    """Its switched-off settings are valid too, and every key there is stands in it."""
    text = (CONFIGS / "campaign.yaml").read_text(encoding="utf-8")
    switched_on = re.sub(r"(?m)^#(?=\S|  )", "", text)
    config = read_config(write(switched_on), trusted=True)
    assert config.budget.total_usd == 25_000_000
    given = set(re.findall(r"(?m)^ *([a-z_0-9]+):", switched_on))
    assert _keys(CampaignConfig) <= given


def _keys(model: type[Section]) -> set[str]:
    names = set(model.model_fields)
    for field in model.model_fields.values():
        if isinstance(field.annotation, type) and issubclass(field.annotation, Section):
            names |= _keys(field.annotation)
    return names


def test_the_committed_schema_is_the_generated_one() -> None:
    """Editors check by the same rules as the program."""
    committed = (CONFIGS / FILE_NAME).read_text(encoding="utf-8")
    assert committed == campaign_schema(), "write it anew, as settings/schema_file.py says"


def test_every_setting_says_what_it_is() -> None:
    """The schema is what editors show while typing."""
    schema = CampaignConfig.model_json_schema()
    for model in (schema, *schema["$defs"].values()):
        for name, field in model["properties"].items():
            assert "description" in field or "$ref" in field, name


def test_result_columns_can_all_be_renamed(write: Write) -> None:
    """The config knows the same columns as the reporter."""
    lines = "".join(f"    {name}: X {name}\n" for name in OUT_COLUMNS)
    config = read_config(write(f"output:\n  columns:\n{lines}"), trusted=False)
    assert tuple(config.output.columns) == OUT_COLUMNS
