"""``provider.api``: what may be said of another service."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from batch_runner.core.dialect import APIMART
from batch_runner.core.errors import ConfigError
from batch_runner.settings.read import read_config

Write = Callable[..., Path]


def test_left_out_it_is_apimart(write: Write) -> None:
    """What nobody says is as documented by the provider."""
    assert read_config(write("limits: {}"), trusted=True).provider.api.to_core() == APIMART


def test_all_of_it_is_taken_over(write: Write) -> None:
    """Paths as they are, fields one or several, words whatever their case."""
    text = """
        provider:
          api:
            submit: /v2/make
            task: "/v2/jobs/{id}/state"
            fields: {task_id: data.0.no, url: [data.link, data.links.url]}
            words: {completed: Done, failed: [Broken, LOST]}
            cost_per_usd: 10
    """
    dialect = read_config(write(text), trusted=True).provider.api.to_core()
    assert (dialect.submit, dialect.task) == ("/v2/make", "/v2/jobs/{id}/state")
    assert dialect.balance == APIMART.balance
    assert dialect.task_id == ("data.0.no",)
    assert dialect.url == ("data.link", "data.links.url")
    assert dialect.completed == {"done"}
    assert dialect.failed == {"broken", "lost"}
    assert dialect.cost_per_usd == 10


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("submit: https://elsewhere.example/make", "must be a path such as"),
        ("submit: //elsewhere.example/make", "must be a path such as"),
        ("submit: /v1/../make", "must be a path such as"),
        ("submit: /v1/make?to=me", "must be a path such as"),
        ('submit: "/v1/{id}"', "without {id}"),
        ("submit: 5", "must be a path such as"),
        ("task: /v1/tasks", "with {id} in it"),
        ('task: "/v1/{id}/{id}"', "with {id} in it"),
        ('task: "/v1/{id}/{name}"', "must be a path such as"),
        ("balance: v1/balance", "must be a path such as"),
        ("fields: {url: 'data[0].url'}", "must be a field such as"),
        ("fields: {url: [5]}", "must be a field such as"),
        ("fields: {price: data.cost}", "There is no setting"),
        ("cost_per_usd: 0", "greater than or equal to 1"),
    ],
)
def test_what_cannot_be_meant_is_refused(write: Write, line: str, says: str) -> None:
    """A path stays on its origin, a task has its id in it, a field is a field."""
    with pytest.raises(ConfigError) as caught:
        read_config(write(f"provider:\n  api:\n    {line}\n"), trusted=True)
    assert says in str(caught.value)
    assert caught.value.where.endswith("given.yaml:3")
