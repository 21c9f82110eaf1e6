"""``batch-runner serve``: the dashboard in a browser."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from batch_runner.cli.options import config_option, settings_of
from batch_runner.core.language import phrase, plural

if TYPE_CHECKING:
    from batch_runner.web.door import Password
    from batch_runner.web.server import Offered

PASSWORD = "BATCH_RUNNER_SERVE_PASSWORD"  # noqa: S105 - the name of a variable


@click.command("serve")
@click.argument("places", nargs=-1, type=click.Path(path_type=Path), metavar="[FOLDER|SHEET]...")
@config_option
@click.option("--port", type=click.IntRange(1, 65_535), help="Port (8788, or the next free one).")
@click.option("--no-open", is_flag=True, help="Open no browser, only print the link.")
@click.option("--account", metavar="NAME", help="Use the key stored by this name.")
@click.option("--base-url", metavar="ORIGIN", help="Where the API is.")
@click.option(
    "--host",
    "address",
    metavar="ADDRESS",
    default="127.0.0.1",
    help="Listen for other computers, too; needs a password.",
)
@click.option(
    "--name", "names", multiple=True, metavar="NAME", help="A name by which others call it."
)
def command(places: tuple[Path, ...], **given: Any) -> int:
    """Show all sheets of a FOLDER (this one, if none is named) in the browser, and run them there.

    Only you can open it: the link that is printed works once. Runs go on when it ends. For
    other computers, name an address of this one by --host, and set a password, which is asked
    for or taken from BATCH_RUNNER_SERVE_PASSWORD; what is sent is not encrypted.

    \b
    batch-runner serve
    batch-runner serve campaigns/ --no-open
    """
    from batch_runner.app.board.board import Board
    from batch_runner.web.server import Offered

    address = given["address"]
    found = [place.absolute() for place in places or (Path.cwd(),)]
    for place in found:
        _check_place(place)
    offered = Offered(
        board=Board(places=found, options=settings_of(given), environ=os.environ),
        address=address,
        port=given["port"],
        names=frozenset(name.lower() for name in given["names"]),
        account=given["account"],
        password=_password(address),
        environ=os.environ,
    )
    return asyncio.run(_serve(offered, opens=not given["no_open"]))


def _check_place(place: Path) -> None:
    """A mistyped name is told at once, not by an empty page."""
    from batch_runner.loader.paths import check_sheet_path

    if not place.is_dir():
        check_sheet_path(place)


def _password(address: str) -> Password | None:
    """The password that other computers need; ``None``: nobody else can come in."""
    from batch_runner.core.errors import UsageError
    from batch_runner.web.door import SHORTEST, Password
    from batch_runner.web.hosts import is_loopback

    if is_loopback(address):
        return None
    text = os.environ.get(PASSWORD) or click.prompt(
        "Password for other computers", hide_input=True, confirmation_prompt=True, err=True
    )
    if len(text) < SHORTEST:
        raise UsageError(
            phrase("a password has {shortest} characters at least.", shortest=SHORTEST),
            code="short_password",
            hint=phrase("Four words that have nothing to do with each other do well."),
        )
    return Password.of(text)


async def _serve(offered: Offered, *, opens: bool) -> int:
    from batch_runner.app.run.control import on_signal
    from batch_runner.web.hosts import from_here, is_loopback
    from batch_runner.web.server import serving

    ends: list[int] = []
    async with serving(offered) as house:

        def leave(number: signal.Signals) -> None:
            ends.append(128 + number)
            house.over.set()

        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            on_signal(loop, number, leave)
        host = from_here(offered.address)
        link = f"http://{host}:{house.hosts.port}/#enter={house.door.invite()}"
        click.echo(phrase("Open this link (it works once): {link}", link=link))
        if not is_loopback(offered.address):
            click.echo(
                phrase("Others need the password. What is sent is not encrypted."), err=True
            )
        if opens:
            import webbrowser

            await asyncio.to_thread(webbrowser.open, link)
        await house.over.wait()
        on = house.starts.on
    click.echo(
        plural(
            "The dashboard ended. {count} of its runs goes on.",
            "The dashboard ended. {count} of its runs go on.",
            on,
        )
        if on
        else phrase("The dashboard ended.")
    )
    return ends[0] if ends else 0
