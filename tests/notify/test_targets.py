"""Who is told: written as addresses or in a config, and only from places that are trusted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from batch_runner.app.notify.who import who_is_told
from batch_runner.core.errors import ConfigError, UsageError
from batch_runner.settings.notify import Mail, Notify, Program, Web, parse_targets
from batch_runner.settings.resolve import resolve

HOOK = "https://hooks.example.com/services/T0/s3cret-part"
MAIL = "smtp://me:p%40ss-word@smtp.example.com/?from=batch@example.com&to=you@example.com"

CONFIG = """
notify:
  on: [end, idle]
  webhook: https://a.example.com/hook
  slack: [https://b.example.com/x, https://c.example.com/y]
  email:
    server: smtp.example.com
    user: me
    password_env: POST_PASSWORD
    sender: Batch <batch@example.com>
    to: you@example.com
  command: [./tell, --room, "9"]
  timeout: 5s
"""


@pytest.fixture
def sheet(tmp_path: Path) -> Path:
    """A sheet's place; settings do not ask whether it is there."""
    return tmp_path / "campaign.csv"


def test_addresses_name_targets() -> None:
    """One option or variable holds several, blanks between them."""
    hook, slack, mail = parse_targets(f"{HOOK} slack+{HOOK}\n{MAIL}")
    assert hook == Web(url=HOOK)
    assert slack == Web(url=HOOK, slack=True)
    assert mail == Mail(
        host="smtp.example.com",
        port=587,
        security="starttls",
        sender="batch@example.com",
        to=("you@example.com",),
        user="me",
        password="p@ss-word",
    )
    (plain,) = parse_targets("smtps://h/?from=a@b.c&to=d@e.f&to=g@h.i")
    assert isinstance(plain, Mail)
    assert (plain.port, plain.security, plain.to) == (465, "tls", ("d@e.f", "g@h.i"))
    assert parse_targets("off") == ()


@pytest.mark.parametrize(
    "text",
    [
        "hooks.example.com/s3cret",
        "ftp://hooks.example.com/s3cret",
        "https:///s3cret",
        "https://h:99999/s3cret",
        "file:///etc/s3cret",
        "smtp://me:s3cret@h/?from=a@b.c",
        "smtp://me:s3cret@h/?from=a&to=d@e.f",
        "smtp://me:s3cret@h/?from=a@b.c&to=d@e.f&bcc=x@y.z",
        "smtp://me:s3cret@/?from=a@b.c&to=d@e.f",
        "off https://h/s3cret:",
    ],
)
def test_a_slip_in_an_address_repeats_no_secret(sheet: Path, text: str) -> None:
    """What cannot be used is refused before anything is sent, without saying the address again."""
    with pytest.raises(UsageError) as caught:
        resolve(sheet, {}, {"BATCH_RUNNER_NOTIFY": text})
    assert caught.value.code == "bad_notify"
    assert "s3cret" not in str(caught.value)


def test_a_config_names_targets(sheet: Path) -> None:
    """All kinds at once; a program named with a folder lies beside the config."""
    config = sheet.with_name("nightly.yaml")
    config.write_text(CONFIG, encoding="utf-8")
    found = resolve(sheet, {"config": config}, {"POST_PASSWORD": "s3cret-word"}).notify
    assert found.on == {"end", "idle"}
    assert found.timeout == 5.0
    web, one, two, mail, program = found.targets
    assert [web, one, two] == [
        Web(url="https://a.example.com/hook"),
        Web(url="https://b.example.com/x", slack=True),
        Web(url="https://c.example.com/y", slack=True),
    ]
    assert isinstance(mail, Mail)
    assert (mail.password, mail.port) == ("s3cret-word", 587)
    assert program == Program(words=(str(config.with_name("tell")), "--room", "9"))


def test_a_password_that_is_not_there_is_said_before_anything_is_sent(sheet: Path) -> None:
    """A run that could not tell anybody does not begin."""
    config = sheet.with_name("nightly.yaml")
    config.write_text(CONFIG, encoding="utf-8")
    with pytest.raises(ConfigError, match="POST_PASSWORD") as caught:
        resolve(sheet, {"config": config}, {})
    assert caught.value.code == "no_password"


def test_options_win_over_the_environment_and_that_over_the_config(sheet: Path) -> None:
    """Each replaces all targets of the next; of what is told stays as the config says."""
    config = sheet.with_name("nightly.yaml")
    config.write_text(
        "notify: {on: [stop], webhook: https://config.example.com}", encoding="utf-8"
    )
    environ = {"BATCH_RUNNER_NOTIFY": "https://environ.example.com"}
    by_config = resolve(sheet, {"config": config}, {}).notify
    by_environ = resolve(sheet, {"config": config}, environ).notify
    by_option = resolve(sheet, {"config": config, "notify": [HOOK]}, environ).notify
    nobody = resolve(sheet, {"config": config, "notify": ["off"]}, environ).notify
    assert by_config.targets == (Web(url="https://config.example.com"),)
    assert by_environ.targets == (Web(url="https://environ.example.com"),)
    assert by_option.targets == (Web(url=HOOK),)
    assert nobody == Notify(on=frozenset({"stop"}), targets=())
    assert {one.on for one in (by_config, by_environ, by_option)} == {frozenset({"stop"})}


def test_a_config_from_the_sheets_folder_tells_nobody(sheet: Path) -> None:
    """Whoever can put a file beside the sheet does not hear of its results."""
    sheet.with_name("campaign.yaml").write_text("notify: {webhook: https://evil.example}")
    with pytest.raises(ConfigError) as caught:
        resolve(sheet, {}, {})
    assert caught.value.code == "config_not_trusted"


def test_who_is_told_of_a_broken_config(sheet: Path) -> None:
    """Whoever the environment names hears of a config that cannot be read."""
    sheet.with_name("campaign.yaml").write_text("nonsense: [", encoding="utf-8")
    found = who_is_told(sheet, {}, {"BATCH_RUNNER_NOTIFY": HOOK})
    assert found.targets == (Web(url=HOOK),)
    assert who_is_told(sheet, {}, {"BATCH_RUNNER_NOTIFY": "nonsense"}) == Notify()


def test_secrets_are_known_and_not_shown(show: Callable[[object], str]) -> None:
    """What must not stand in a log is known to it; a value printed by mistake has none of it."""
    targets = (
        *parse_targets(f"{HOOK}?token=abc-def-ghi-jkl {MAIL}"),
        Program(words=("tell", "k=s")),
    )
    notify = Notify(targets=targets)
    assert {"/services/T0/s3cret-part", "token=abc-def-ghi-jkl", "p@ss-word"} <= set(
        notify.secrets
    )
    for shown in (show(notify), *(target.name for target in targets)):
        assert not any(secret in shown for secret in notify.secrets)


@pytest.fixture(params=[str, repr])
def show(request: pytest.FixtureRequest) -> Callable[[object], str]:
    """Both ways of printing a value."""
    shown: Callable[[object], str] = request.param
    return shown
