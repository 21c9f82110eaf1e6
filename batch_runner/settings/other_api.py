"""``provider.api``: another service of the same shape, by configuration."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema

from batch_runner.core.dialect import APIMART, Dialect
from batch_runner.core.language import phrase
from batch_runner.settings.section import Count, Section, Texts

_PLACE = re.compile(r"(?:/[A-Za-z0-9._~{}-]+)+")
_FIELD = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+){0,9}")
_TEXTS = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}


def _as_place(value: Any) -> Any:
    steps = value.split("/") if isinstance(value, str) and _PLACE.fullmatch(value) else [".."]
    if {".", ".."}.intersection(steps) or set("".join(steps).replace("{id}", "")) & set("{}"):
        raise ValueError(phrase("must be a path such as /v1/videos, without query"))
    return value


def _as_fields(value: Any) -> Any:
    fields = [value] if isinstance(value, str) else value
    if not isinstance(fields, list) or not all(
        isinstance(field, str) and _FIELD.fullmatch(field) for field in fields
    ):
        raise ValueError(phrase("must be a field such as data.task_id, or a list of them"))
    return tuple(fields)


def _as_place_of_task(value: Any) -> Any:
    if _as_place(value).count("{id}") != 1:
        raise ValueError(phrase("must be a path with {{id}} in it, such as /v1/tasks/{{id}}"))
    return value


def _as_place_without_id(value: Any) -> Any:
    if "{id}" in _as_place(value):
        raise ValueError(phrase("must be a path without {{id}}"))
    return value


Place = Annotated[str, BeforeValidator(_as_place_without_id)]
PlaceOfTask = Annotated[str, BeforeValidator(_as_place_of_task)]
Fields = Annotated[tuple[str, ...], BeforeValidator(_as_fields), WithJsonSchema(_TEXTS)]


class ApiFields(Section):
    """Where things stand in the answers."""

    task_id: Fields = Field(default=(), description="In the answer to a submit.")
    status: Fields = Field(default=(), description="In the answer to a look.")
    url: Fields = Field(default=(), description="The video, when it is done.")
    cost: Fields = Field(default=(), description="What was charged.")
    error: Fields = Field(default=(), description="Why it failed.")


class ApiWords(Section):
    """The words of a status that end a task; any other means that it goes on."""

    completed: Texts = Field(default=(), description="Such as SUCCESS.")
    failed: Texts = Field(default=(), description="Such as FAILURE.")


class Api(Section):
    """A service that takes a request and answers with a task to look at."""

    submit: Place = Field(default=APIMART.submit, description="POST a video.")
    task: PlaceOfTask = Field(default=APIMART.task, description="GET a task.")
    balance: Place = Field(default=APIMART.balance, description="GET the balance.")
    upload: Place = Field(default=APIMART.upload, description="POST a picture.")
    fields: ApiFields = ApiFields()
    words: ApiWords = ApiWords()
    cost_per_usd: Count = Field(default=1, description="Units of cost that are one dollar.")

    def to_core(self) -> Dialect:
        """As the core has it."""
        return Dialect(
            submit=self.submit,
            task=self.task,
            balance=self.balance,
            upload=self.upload,
            **self.fields.model_dump(),
            cost_per_usd=self.cost_per_usd,
            completed=frozenset(word.strip().lower() for word in self.words.completed),
            failed=frozenset(word.strip().lower() for word in self.words.failed),
        )
