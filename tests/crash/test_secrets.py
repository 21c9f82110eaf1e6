"""The key and a proxy's password are in no byte that the program writes, whatever it is answered."""

from __future__ import annotations

import base64
import signal
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.crash.echo import Echo, echoing
from tests.crash.harness import POLL, Campaign, Ran, Zygote
from tests.crash.points import Stop

PASSWORD = "p4ss/w0rd+of=proxy"
USER = "proxy-user"
KEYS = ["sk-0123456789abcdefABCDEF", "Zq7+no/usual=key-0123456789"]
PROMPTS = [
    *(f"Row. [{status}:]" for status in (400, 422, 500, 502, 503, 200)),
    *(f"Row. [{status}:text]" for status in (400, 500, 200)),
    "Row. [400:get_channel_failed]",
    "Row. [429:]",
    *(f"Row. [{end}:task]" for end in ("failed", "done", "gone")),
]
CONFIG = POLL + "retry: {submit_attempts: 1}\nlimits: {rate: 200/s, concurrency: 20}\n"
COMMANDS = (("status",), ("status", "--json"), ("resolve",), ("resolve", "--json"), ("check",))
SHOWN = [*(("status", "--row", str(n)) for n in range(2, len(PROMPTS) + 2)), *COMMANDS]


def forms(secret: str) -> Iterator[bytes]:
    """How a secret may come to be written."""
    yield secret.encode()
    yield quote(secret, safe="").encode()
    yield secret.replace("/", "\\/").encode()
    yield base64.b64encode(f"{USER}:{secret}".encode())


def leaks(folders: list[Path], ran: list[Ran], secrets: list[str]) -> list[str]:
    """Where one of them stands: in a file, or in what was said."""
    written = {
        str(path): path.read_bytes()
        for top in folders
        for path in top.rglob("*")
        if path.is_file()
    }
    said = {f"said {i}": one.said.encode() for i, one in enumerate(ran)}
    return [
        f"{place}: {form!r}"
        for place, content in {**written, **said}.items()
        for secret in secrets
        for form in forms(secret)
        if form in content
    ]


def proxied(port: int) -> Mapping[str, str]:
    """The environment of somebody behind a proxy that wants a password."""
    proxy = f"http://{USER}:{quote(PASSWORD, safe='')}@127.0.0.1:{port}"
    return {"HTTP_PROXY": proxy, "HTTPS_PROXY": proxy, "NO_PROXY": ""}


@pytest.mark.parametrize(("kind", "key"), list(zip(["csv", "xlsx"], KEYS, strict=True)))
def test_what_was_sent_is_written_nowhere(
    kind: str, key: str, zygote: Zygote, folder: Path
) -> None:
    """A service echoes key and password in errors, ids and links; no file, no line holds them."""
    with echoing() as origin:
        place = {"csv": "sheets", "xlsx": "Dropbox"}[kind]  # there, other computers are told, too
        campaign = Campaign(folder / place, kind, PROMPTS, CONFIG, origin)
        port = int(origin.rpartition(":")[2])
        more = {**proxied(port), "APIMART_API_KEY": key}
        words = (*campaign.words, "--json")
        killed = Stop(point="ledger.committed(rejected)", signal=signal.SIGKILL)
        ran = [zygote.run(campaign.folder, *words, environment=more, stop=killed)]
        assert ran[0].code == -9
        assert leaks([folder, zygote.home], ran, [key, PASSWORD]) == []
        told = (
            ("--json", "--failed-to", campaign.folder / f"mend.{kind}"),
            ("--events", "--metrics", folder / "figures.prom"),
            ("-vv", "--notify", f"{origin}/hook"),
        )
        ran += [
            zygote.run(campaign.folder, *campaign.words, *way, environment=more) for way in told
        ]
        assert {one.code for one in ran[1:]} <= {1, 3}, [one.said for one in ran]
        ran += [
            zygote.run(campaign.folder, words[0], campaign.sheet, *words[1:], environment=more)
            for words in SHOWN
        ]
        far = (*campaign.words[:2], "--new", "--base-url", "https://api.example.com")
        other = Campaign(folder / "far", kind, PROMPTS[:1], CONFIG, "https://api.example.com")
        ran += [zygote.run(other.folder, "run", other.sheet, *far[2:], "--json", environment=more)]
    asked = "\n".join(Echo.asked)
    basic = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    assert f"Bearer {key}" in asked
    assert any(line.startswith("CONNECT") and basic in line for line in Echo.asked)
    assert any("videos.example.com" in line and basic in line for line in Echo.asked)
    assert "Traceback" not in "".join(one.said for one in ran)
    assert leaks([folder, zygote.home], ran, [key, PASSWORD]) == []
    assert Echo.told
    assert [form for form in forms(key) if form.decode() in "".join(Echo.told)] == []
    assert any("***" in one.said for one in ran)


def test_an_unusable_proxy_is_named_without_its_password(zygote: Zygote, folder: Path) -> None:
    """The sentence about a proxy that cannot be used shows its host, never its password."""
    campaign = Campaign(folder / "sheets", "csv", PROMPTS[:1], CONFIG, "https://api.example.com")
    more = {"HTTPS_PROXY": f"socks5://{USER}:{PASSWORD}@proxy.example.com:1080"}
    ran = zygote.run(campaign.folder, *campaign.words, environment=more)
    assert ran.code == 2
    assert "proxy.example.com" in ran.err
    assert leaks([folder, zygote.home], [ran], [PASSWORD]) == []
