"""An e-mail by SMTP, in a thread that nobody waits for longer than is allowed."""

from __future__ import annotations

import asyncio
import contextlib
import smtplib
import ssl
import threading
from email.message import EmailMessage

from batch_runner.app.notify.news import LONGEST, News
from batch_runner.app.notify.tries import FailedError
from batch_runner.core.redact import one_line
from batch_runner.settings.notify import Mail

STEP = 10.0  # seconds that the server may be silent


async def send(target: Mail, news: News) -> None:
    """Send once.

    Raises:
        FailedError: it was not taken.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[None] = loop.create_future()

    def settle(error: FailedError | None) -> None:
        if done.done():
            return  # given up meanwhile
        if error is None:
            done.set_result(None)
        else:
            done.set_exception(error)

    def work() -> None:
        error = None
        try:
            _send(target, message(target, news))
        except (smtplib.SMTPException, OSError, ValueError) as found:
            error = _failed(found)
        with contextlib.suppress(RuntimeError):  # the loop was closed: nobody waits any more
            loop.call_soon_threadsafe(settle, error)

    # A daemon: a server that answers a byte a minute must not keep the program alive.
    threading.Thread(target=work, name="mail", daemon=True).start()
    await done


def message(target: Mail, news: News) -> EmailMessage:
    """The e-mail."""
    mail = EmailMessage()
    mail["From"] = target.sender
    mail["To"] = ", ".join(target.to)
    mail["Subject"] = one_line(f"batch-runner: {news.title}", LONGEST)
    mail["Date"] = news.at
    mail["Message-ID"] = f"<{news.id}@batch-runner.invalid>"  # the same at each try
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(news.text + "\n")
    return mail


def _send(target: Mail, mail: EmailMessage) -> None:
    context = ssl.create_default_context()
    with _connect(target, context) as server:
        if target.security == "starttls":
            server.starttls(context=context)
        if target.user is not None:
            server.login(target.user, target.password)
        server.send_message(mail, to_addrs=list(target.to))


def _connect(target: Mail, context: ssl.SSLContext) -> smtplib.SMTP:
    if target.security == "tls":
        return smtplib.SMTP_SSL(target.host, target.port, timeout=STEP, context=context)
    return smtplib.SMTP(target.host, target.port, timeout=STEP)


def _failed(error: Exception) -> FailedError:
    if isinstance(error, smtplib.SMTPResponseException):
        said = error.smtp_error
        text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
        return FailedError(f"SMTP {error.smtp_code} {text}", again=error.smtp_code < 500)
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return FailedError(f"no recipient was taken: {error.recipients}", again=False)
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return FailedError(f"the server cannot do it: {error}", again=False)
    if isinstance(error, ssl.SSLError):
        return FailedError(f"no safe connection ({error.reason or error})", again=False)
    if isinstance(error, TimeoutError):
        return FailedError(f"the server was silent for {STEP:g} s", again=True)
    return FailedError(f"no connection ({type(error).__name__})", again=True)
