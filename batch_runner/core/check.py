"""One cell against one parameter: its value, or everything that is wrong with it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from batch_runner.core.images import is_web_link
from batch_runner.core.language import phrase, plural, series, template, translated
from batch_runner.core.model import CellValue, Severity
from batch_runner.core.profile import Given, Kind, Parameter, Value
from batch_runner.core.ratio import read_ratio
from batch_runner.core.text import cell_text, loose, quoted
from batch_runner.core.uploads import is_placeholder
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
        return series(parameter.choices) + _unit(parameter)
    if parameter.kind is Kind.INTEGER:
        numbers = whole_number(parameter.low, parameter.high, _unit(parameter))
        return numbers + "".join(phrase(", or {also}", also=also) for also in parameter.also)
    if parameter.is_links:
        return links(parameter.min_items, parameter.max_items)
    if parameter.kind is Kind.BOOLEAN:
        return phrase("yes or no")
    if parameter.kind is Kind.JSON:
        return phrase("a list or an object written as JSON")
    most = parameter.max_length
    return phrase("at most {most} characters", most=most) if most else phrase("any text")


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
        message=phrase(
            "{name} was stored as a time; it is read as {ratio}.",
            name=parameter.name,
            ratio=ratio.text,
        ),
        hint=phrase("Format the column as text to see it as it is meant."),
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
            message=phrase(
                "{name} has {length} characters; {model} takes at most {most}.",
                name=parameter.name,
                length=len(text),
                model=model,
                most=most,
            ),
            hint=translated(parameter.hints.above),
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
    pictures = parameter.kind is Kind.IMAGES
    faults = [
        _not_a_link(parameter, ref)
        for ref in refs
        if not _is_usable(ref) and not (pictures and is_placeholder(ref))
    ]
    low, high = parameter.min_items, parameter.max_items
    wrong_count = ""
    if high is not None and len(refs) > high:
        wrong_count, hint = "too_many", parameter.hints.above
    elif low is not None and len(refs) < low:
        wrong_count, hint = "too_few", parameter.hints.below
    if wrong_count:
        message = _wrong_count(parameter, len(refs), model)
        code = f"{parameter.name}_{wrong_count}"
        faults.insert(0, Fault(code=code, message=message, hint=translated(hint)))
    return Checked(faults=tuple(faults)) if faults else Checked(value=refs)


def _wrong_count(parameter: Parameter, number: int, model: str) -> str:
    said = (
        template("{name} names {number} images; {model} takes {count}.")
        if parameter.kind is Kind.IMAGES
        else template("{name} names {number} links; {model} takes {count}.")
    )
    count = _count(parameter.min_items, parameter.max_items)
    return phrase(said, name=parameter.name, number=number, model=model, count=count)


def _is_usable(ref: str) -> bool:
    if not is_web_link(ref) or len(ref.split()) != 1:
        return False
    try:
        return bool(urlsplit(ref).hostname)
    except ValueError:  # such as an unfinished [ of an IPv6 address
        return False


def _not_a_link(parameter: Parameter, ref: str) -> Fault:
    of_image = parameter.kind is Kind.IMAGES
    if is_web_link(ref):
        hint = phrase("Check the link for blanks or missing parts.")
    elif not of_image:
        hint = phrase("Put the file where anybody can open it by a link, and give that link.")
    elif re.match(r"data:", ref, re.IGNORECASE):
        hint = phrase("Pictures inside the cell's text are not taken; give a link or a path.")
    else:
        hint = phrase("Give its http(s) link, or its path from the sheet's folder.")
    message = (
        phrase("{given} is no http(s) link to an image.", given=quoted(ref))
        if of_image
        else phrase("{given} is no http(s) link.", given=quoted(ref))
    )
    return Fault(code=f"{parameter.name}_not_a_link", message=message, hint=hint)


def _not_offered(parameter: Parameter, given: Given, model: str) -> Checked:
    word = ""
    if not isinstance(given, tuple):
        word = loose(read_choice(given, list(parameter.hints.values)) or "")
    hint = next((text for key, text in parameter.hints.values.items() if loose(key) == word), "")
    return _refused(parameter, given, model, "not_offered", hint)


def _refused(parameter: Parameter, given: Given, model: str, what: str, hint: str = "") -> Checked:
    message = phrase(
        "{name} is {given}; {model} takes {allowed}.",
        name=parameter.name,
        given=quoted(given),
        model=model,
        allowed=allowed(parameter),
    )
    fault = Fault(code=f"{parameter.name}_{what}", message=message, hint=translated(hint))
    return Checked(faults=(fault,))


def links(low: int | None, high: int | None) -> str:
    """How many links, in words."""
    number = 1 if high == 1 else 2
    return plural("{some} http(s) link", "{some} http(s) links", number, some=_count(low, high))


def when(circumstances: str) -> str:
    """Circumstances as a part of a sentence: with what sets them apart from the rest of it."""
    return phrase(" {circumstances}", circumstances=circumstances) if circumstances else ""


def _unit(parameter: Parameter) -> str:
    return phrase(" {unit}", unit=translated(parameter.unit)) if parameter.unit else ""


def whole_number(low: int | None, high: int | None, unit: str = "") -> str:
    """Bounds in words: "a whole number from 3 to 16 seconds"."""
    if low is None and high is None:
        return phrase("a whole number{unit}", unit=unit)
    if low is None:
        return phrase("a whole number up to {high}{unit}", high=high, unit=unit)
    if high is None:
        return phrase("a whole number from {low}{unit}", low=low, unit=unit)
    return phrase("a whole number from {low} to {high}{unit}", low=low, high=high, unit=unit)


def _count(low: int | None, high: int | None) -> str:
    if high is None:
        return phrase("at least {low}", low=low or 0)
    if not low:
        return phrase("at most {high}", high=high)
    return str(high) if low == high else phrase("{low} to {high}", low=low, high=high)


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
