"""Where the service is: scheme, host and port, as somebody wrote them."""

from __future__ import annotations

from yarl import URL

from batch_runner.core.errors import ConfigError
from batch_runner.core.language import phrase
from batch_runner.core.redact import told


def origin_url(text: str) -> URL:
    """The origin as a URL that ends in a slash.

    Raises:
        ConfigError: it is no web address.
    """
    try:
        url = URL(text)
        (url.host or "").encode("idna")  # as connecting will do
        usable = url.scheme in {"http", "https"} and bool(url.host) and url.user is None
    except ValueError:
        usable = False
    if not usable:
        raise ConfigError(
            phrase("The API's origin {text!r} is no web address.", text=told(text, (), 100)),
            code="origin_malformed",
            hint=phrase("Give scheme and host, as https://api.apimart.ai."),
        )
    return URL(f"{str(url).rstrip('/')}/")
