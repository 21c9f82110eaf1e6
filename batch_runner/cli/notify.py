"""``batch-runner notify``: try out who is told of a run."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import click

from batch_runner.cli.options import config_option, notify_option, settings_of
from batch_runner.core.language import phrase


@click.command("notify")
@config_option
@notify_option
def command(config: Path | None, notify: tuple[str, ...]) -> int:
    """Send a test message to everybody whom --config, --notify or BATCH_RUNNER_NOTIFY name.

    \b
    batch-runner notify --config nightly.yaml
    batch-runner notify --notify slack+https://hooks.slack.com/services/T0/B0/x
    """
    from batch_runner.app.notify.news import News
    from batch_runner.app.notify.tell import tell
    from batch_runner.cli.words import visible
    from batch_runner.core.errors import UsageError
    from batch_runner.settings.resolve import resolve

    options = settings_of({"config": config, "notify": notify})
    told = resolve(Path.cwd() / "test", options, os.environ).notify
    if not told.targets:
        raise UsageError(
            phrase("nobody is to be told."),
            code="no_targets",
            hint=phrase(
                "Name somebody: 'notify' in a config given by --config, --notify, or BATCH_RUNNER_NOTIFY."
            ),
        )
    test = News(occasion=None, title="A test", lines=["Runs will be told of like this."])
    results = asyncio.run(tell(told, test))
    for one in results:
        line = f"{one.name}: {one.trouble or 'told'}"
        click.echo(visible(line[:1].upper() + line[1:]), err=bool(one.trouble))
    return 1 if any(one.trouble for one in results) else 0
