"""The body of a request: our names and values turned into the provider's fields."""

from __future__ import annotations

import json
from collections.abc import Mapping

from batch_runner.core.profile import Kind, Parameter, Profile, Value


def request(profile: Profile, values: Mapping[str, Value]) -> Mapping[str, object]:
    """The body's fields, in the profile's order, with every default made explicit."""
    body: dict[str, object] = {"model": profile.model}
    for parameter in profile.parameters:
        value = values.get(parameter.name)
        if isinstance(value, tuple):
            _put_links(body, parameter, value)
        elif value is not None:
            sent = _sent(parameter, value)
            if sent is not None:
                body[parameter.api_name] = sent
    return body


def value_word(value: Value) -> str:
    """A value as profiles write it: true and false for truth values."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _sent(parameter: Parameter, value: Value) -> object:
    if parameter.kind is Kind.JSON:
        return json.loads(str(value))
    return parameter.sent.get(value_word(value), value)


def _put_links(body: dict[str, object], parameter: Parameter, links: tuple[str, ...]) -> None:
    """Links go into a field each, or are added to a list that parameters may share."""
    if parameter.send_each_as:
        body.update(zip(parameter.send_each_as, links, strict=False))
        return
    items = [{"url": link, "role": parameter.role} if parameter.role else link for link in links]
    before = body.get(parameter.api_name)
    body[parameter.api_name] = [*before, *items] if isinstance(before, list) else items
