"""One cell against one parameter: its value, or everything that is wrong with it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from batch_runner.core.images import is_web_link
from batch_runner.core.model import CellValue, Severity
from batch_runner.core.profile import Given, Kind, Parameter, Value
from batch_runner.core.ratio import read_ratio
from batch_runner.core.text import cell_text, loose, quoted
from batch_runner.core.values import read_boolean, read_choice, read_integer, read_text


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something to say about a value."""

    code: str
    message: str
    hint: str = ""
    severity: Severity = Severity.ERROR


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A value as it may be sent (``None``: it may not), and what is to be said about it."""

    value: Value | None = None
    faults: tuple[Fault, ...] = ()


def check(parameter: Parameter, given: Given, model: str) -> Checked:
    """Read and judge one value; ``model`` is for the messages."""
    return _CHECKS[parameter.kind](parameter, given, model)


def allowed(parameter: Parameter) -> str:
    """What a parameter takes, in words that fit after "takes"."""
    if parameter.choices:
        return ", ".join(str(choice) for choice in parameter.choices) + _unit(parameter)
    if parameter.kind is Kind.INTEGER:
        also = "".join(f", or {number}" for number in parameter.also)
        return f"a whole number{span(parameter.low, parameter.high)}{_unit(parameter)}{also}"
    if parameter.is_links:
        return links(parameter.min_items, parameter.max_items)
    if parameter.kind is Kind.BOOLEAN:
        return "yes or no"
    if parameter.kind is Kind.JSON:
        return "a list or an object written as JSON"
    return f"at most {parameter.max_length} characters" if parameter.max_length else "any text"


def _integer(parameter: Parameter, given: Given, model: str) -> Checked:
    number = None if isinstance(given, tuple) else read_integer(given)
    if number is None:
        return _refused(parameter, given, model, "not_a_whole_number")
    hints = parameter.hints
    if number in parameter.also:
        return Checked(value=number)
    if parameter.low is not None and number < parameter.low:
        return _refused(parameter, given, model, "out_of_range", hints.below)
    if parameter.high is not None and number > parameter.high:
        return _refused(parameter, given, model, "out_of_range", hints.above)
    if parameter.choices and number not in parameter.choices:
        hint = hints.values.get(str(number), "")
        return _refused(parameter, given, model, "not_offered", hint)
    return Checked(value=number)


def _choice(parameter: Parameter, given: Given, model: str) -> Checked:
    choices = [str(choice) for choice in parameter.choices]
    choice = None if isinstance(given, tuple) else read_choice(given, choices)
    if choice is None and not isinstance(given, tuple):
        choice = _by_what_is_sent(parameter, given)
    if choice is None:
        return _not_offered(parameter, given, model)
    return Checked(value=choice)


def _by_what_is_sent(parameter: Parameter, given: CellValue) -> str | None:
    """The choice that goes out as this word: who knows the API may write its own words."""
    words = {word: ours for ours, word in parameter.sent.items() if isinstance(word, str)}
    word = read_choice(given, list(words)) if words else None
    return None if word is None else words[word]


def _ratio(parameter: Parameter, given: Given, model: str) -> Checked:
    if isinstance(given, tuple):
        return _not_offered(parameter, given, model)
    ratio = read_ratio(given)
    if ratio is None or ratio.text not in parameter.choices:
        return _choice(parameter, given, model)
    if not ratio.from_time:
        return Checked(value=ratio.text)
    notice = Fault(
        code="ratio_from_time",
        message=f"{parameter.name} was stored as a time; it is read as {ratio.text}.",
        hint="Format the column as text to see it as it is meant.",
        severity=Severity.NOTICE,
    )
    return Checked(value=ratio.text, faults=(notice,))


def _boolean(parameter: Parameter, given: Given, model: str) -> Checked:
    answer = None if isinstance(given, tuple) else read_boolean(given)
    if answer is None:
        return _refused(parameter, given, model, "not_yes_or_no")
    return Checked(value=answer)


def _text(parameter: Parameter, given: Given, model: str) -> Checked:
    text = None if isinstance(given, tuple) else read_text(given)
    if text is None:
        return _refused(parameter, given, model, "not_a_text")
    most = parameter.max_length
    if most is not None and len(text) > most:
        fault = Fault(
            code=f"{parameter.name}_too_long",
            message=f"{parameter.name} has {len(text)} characters; {model} takes at most {most}.",
            hint=parameter.hints.above,
        )
        return Checked(faults=(fault,))
    return Checked(value=text)


def _json(parameter: Parameter, given: Given, model: str) -> Checked:
    text = None if isinstance(given, tuple) else read_text(given)
    try:
        document = json.loads(text or "", parse_constant=_no_number)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, list | dict) or not document:
        return _refused(parameter, given, model, "not_json")
    return Checked(value=json.dumps(document, ensure_ascii=False))


def _no_number(word: str) -> None:
    raise ValueError(f"{word} is no number in JSON")


def _links(parameter: Parameter, given: Given, model: str) -> Checked:
    refs = given if isinstance(given, tuple) else (cell_text(given),)
    noun = "images" if parameter.kind is Kind.IMAGES else "links"
    faults = [_not_a_link(parameter, ref) for ref in refs if not _is_usable(ref)]
    low, high = parameter.min_items, parameter.max_items
    wrong_count = ""
    if high is not None and len(refs) > high:
        wrong_count, hint = "too_many", parameter.hints.above
    elif low is not None and len(refs) < low:
        wrong_count, hint = "too_few", parameter.hints.below
    if wrong_count:
        message = f"{parameter.name} names {len(refs)} {noun}; {model} takes {_count(low, high)}."
        faults.insert(0, Fault(code=f"{parameter.name}_{wrong_count}", message=message, hint=hint))
    return Checked(faults=tuple(faults)) if faults else Checked(value=refs)


def _is_usable(ref: str) -> bool:
    if not is_web_link(ref) or len(ref.split()) != 1:
        return False
    try:
        return bool(urlsplit(ref).hostname)
    except ValueError:  # such as an unfinished [ of an IPv6 address
        return False


def _not_a_link(parameter: Parameter, ref: str) -> Fault:
    what = " to an image" if parameter.kind is Kind.IMAGES else ""
    if is_web_link(ref):
        hint = "Check the link for blanks or missing parts."
    elif parameter.kind is not Kind.IMAGES:
        hint = "Put the file where anybody can open it by a link, and give that link."
    elif re.match(r"data:", ref, re.IGNORECASE):
        hint = "Pictures inside the cell's text are not taken; put them on the web."
    else:
        hint = "Put the picture where anybody can open it by a link, and give that link."
    return Fault(
        code=f"{parameter.name}_not_a_link",
        message=f"{quoted(ref)} is no http(s) link{what}.",
        hint=hint,
    )


def _not_offered(parameter: Parameter, given: Given, model: str) -> Checked:
    word = ""
    if not isinstance(given, tuple):
        word = loose(read_choice(given, list(parameter.hints.values)) or "")
    hint = next((text for key, text in parameter.hints.values.items() if loose(key) == word), "")
    return _refused(parameter, given, model, "not_offered", hint)


def _refused(parameter: Parameter, given: Given, model: str, what: str, hint: str = "") -> Checked:
    message = f"{parameter.name} is {quoted(given)}; {model} takes {allowed(parameter)}."
    return Checked(faults=(Fault(code=f"{parameter.name}_{what}", message=message, hint=hint),))


def links(low: int | None, high: int | None) -> str:
    """How many links, in words."""
    return f"{_count(low, high)} http(s) link{'' if high == 1 else 's'}"


def _unit(parameter: Parameter) -> str:
    return f" {parameter.unit}" if parameter.unit else ""


def span(low: int | None, high: int | None) -> str:
    """Bounds in words that fit after "a whole number"."""
    if low is None:
        return "" if high is None else f" up to {high}"
    return f" from {low}" + ("" if high is None else f" to {high}")


def _count(low: int | None, high: int | None) -> str:
    if high is None:
        return f"at least {low or 0}"
    if not low:
        return f"at most {high}"
    return str(high) if low == high else f"{low} to {high}"


_CHECKS: dict[Kind, Callable[[Parameter, Given, str], Checked]] = {
    Kind.INTEGER: _integer,
    Kind.CHOICE: _choice,
    Kind.RATIO: _ratio,
    Kind.BOOLEAN: _boolean,
    Kind.TEXT: _text,
    Kind.IMAGES: _links,
    Kind.LINKS: _links,
    Kind.JSON: _json,
}
