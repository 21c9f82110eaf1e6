"""Where the service is: scheme, host and port, as somebody wrote them."""

from __future__ import annotations

from yarl import URL

from batch_runner.core.errors import ConfigError
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
            f"The API's origin {told(text, (), 100)!r} is no web address.",
            code="origin_malformed",
            hint="Give scheme and host, as https://api.apimart.ai.",
        )
    return URL(f"{str(url).rstrip('/')}/")
