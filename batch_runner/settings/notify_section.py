"""The config's section about who is told of a run."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from pydantic import Field, field_validator

from batch_runner.core.errors import ConfigError
from batch_runner.core.language import phrase
from batch_runner.settings.notify import (
    PORTS,
    Mail,
    Notify,
    Occasion,
    Program,
    Security,
    Target,
    Web,
    check_address,
    check_url,
)
from batch_runner.settings.section import Count, Duration, Section, Texts


class EmailSection(Section):
    """An e-mail by SMTP."""

    server: str = Field(description="Host of the SMTP server.")
    port: Count | None = Field(default=None, description="Left out: 587, or 465 with tls.")
    security: Security = Field(
        default="starttls", description="starttls, tls (from the first byte), or none."
    )
    user: str | None = Field(default=None, description="Who logs in, if the server wants that.")
    password_env: str | None = Field(
        default=None, description="Environment variable with the password."
    )
    password_file: str | None = Field(
        default=None, description="File with the password; from this file's folder."
    )
    sender: str = Field(description="The From address.")
    to: Texts = Field(description="Addresses that get it.", min_length=1)

    @field_validator("sender", "to")
    @classmethod
    def _addresses(cls, value: str | tuple[str, ...]) -> str | tuple[str, ...]:
        for text in [value] if isinstance(value, str) else value:
            check_address(text)
        return value


class NotifySection(Section):
    """Who is told when a run ends, stops or is in trouble; only from a config given by --config."""

    on: tuple[Occasion, ...] = Field(
        default=("end", "stop", "trouble"),
        description="end: it came to its end; idle: nothing was to be done; stop: it stopped "
        "early or could not begin; trouble: it meets something that stops all rows.",
    )
    webhook: Texts = Field(default=(), description="Address that JSON is posted to, or several.")
    slack: Texts = Field(default=(), description="Slack-compatible webhook, or several.")
    email: EmailSection | None = Field(default=None, description="An e-mail by SMTP.")
    command: tuple[str, ...] = Field(
        default=(), description="Program and arguments; JSON comes on its standard input."
    )
    timeout: Duration = Field(default=30.0, description="For all of them, tries included.")

    @field_validator("webhook", "slack")
    @classmethod
    def _addresses(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for url in value:
            check_url(url)
        return value


def from_section(
    section: NotifySection, config: Path | None, environ: Mapping[str, str]
) -> Notify:
    """Who a config names.

    Raises:
        ConfigError: a password that it refers to is not there.
    """
    targets: list[Target] = [Web(url=url) for url in section.webhook]
    targets += [Web(url=url, slack=True) for url in section.slack]
    if section.email is not None:
        targets.append(_mail(section.email, config, environ))
    if section.command:
        targets.append(Program(words=_program(section.command, config)))
    return Notify(on=frozenset(section.on), targets=tuple(targets), timeout=section.timeout)


def _mail(section: EmailSection, config: Path | None, environ: Mapping[str, str]) -> Mail:
    return Mail(
        host=section.server,
        port=section.port or PORTS[section.security],
        security=section.security,
        sender=section.sender,
        to=section.to,
        user=section.user,
        password=_password(section, config, environ),
    )


def _password(section: EmailSection, config: Path | None, environ: Mapping[str, str]) -> str:
    where = "" if config is None else str(config)
    if section.password_env is not None:
        if section.password_env in environ:
            return environ[section.password_env]
        raise ConfigError(
            phrase(
                "notify.email.password_env names {password_env}, which is not set.",
                password_env=section.password_env,
            ),
            code="no_password",
            where=where,
            hint=phrase("Set it in the environment of the run, or use password_file."),
        )
    if section.password_file is not None:
        path = _beside(config, section.password_file)
        try:
            return path.read_text(encoding="utf-8").strip()
        except (OSError, ValueError) as error:
            raise ConfigError(
                phrase("notify.email.password_file cannot be read ({reason}).", reason=error),
                code="no_password",
                where=where,
            ) from None
    return ""


def _program(words: tuple[str, ...], config: Path | None) -> tuple[str, ...]:
    """A program named with a folder lies there as seen from the config's own folder."""
    if os.path.dirname(words[0]):  # noqa: PTH120 - "./tell" is no longer one as a Path
        return str(_beside(config, words[0])), *words[1:]
    return words


def _beside(config: Path | None, name: str) -> Path:
    path = Path(name).expanduser()
    return path if config is None else config.absolute().parent / path
