"""Pydantic's errors for people: the place in the file, a fact with the value, the fix. No rules here."""

from collections.abc import Mapping
from types import UnionType
from typing import Any, TypeVar, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from bot.config.flaws import Findings, Place, nearest, spell, suggest

Model = TypeVar("Model", bound=BaseModel)

_WORDS = {
    "string_type": "text in quotes",
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "tuple_type": "a list, in [ ]",
    "list_type": "a list, in [ ]",
    "dict_type": "a table",
    "model_type": "a table",
    "mapping_type": "a table",
}


def explain(error: ValidationError, model: type[BaseModel], raw: object, at: Place, findings: Findings) -> None:
    """Note every mistake in `error`, which `model` raised over `raw`, found at `at`."""
    for item in error.errors(include_url=False):
        place = real_place(item["loc"], raw, missing=item["type"] == "missing")
        fact, hint = _told(item, model, place, findings)
        findings.add(at + place, fact, hint)


def salvage(
    model: type[Model], table: Mapping[str, Any], at: Place, findings: Findings, *, strict: bool
) -> Model | None:
    """The table as a value; with mistakes noted, the rest of it still comes, so that it can be checked on."""
    try:
        return model.model_validate(table, strict=strict)
    except ValidationError as error:
        explain(error, model, table, at, findings)
        bad = {item["loc"][0] for item in error.errors(include_url=False) if item["loc"]}
    try:
        return model.model_validate({key: value for key, value in table.items() if key not in bad}, strict=strict)
    except ValidationError:
        return None


def real_place(loc: Place, raw: object, *, missing: bool = False) -> Place:
    """The part of pydantic's path that stands in the file: tags of unions and functions are left out."""
    out: list[str | int] = []
    node = raw
    for index, part in enumerate(loc):
        last = index == len(loc) - 1
        if isinstance(part, int) and isinstance(node, list | tuple) and part < len(node):
            node = node[part]
        elif isinstance(part, str) and isinstance(node, Mapping) and (part in node or (last and missing)):
            node = node.get(part)
        else:
            continue
        out.append(part)
    return tuple(out)


def _told(item: ErrorDetails, model: type[BaseModel], place: Place, findings: Findings) -> tuple[str, str]:
    kind, ctx = item["type"], item.get("ctx", {})
    value = findings.shown(item["input"])
    name = str(place[-1]) if place else ""
    if kind == "flaw":
        return ctx["fact"], ctx["hint"]
    if kind == "missing":
        return f"{name} is missing", f"add {example(model, place)}"
    if kind == "extra_forbidden":
        return f"{spell(place[-1:])} is not a key here", unknown_key(name, keys_at(model, place[:-1]))
    if kind == "literal_error":
        words = [word.strip("'") for word in ctx["expected"].replace(" or ", ", ").split(", ")]
        guess = nearest(str(item["input"]), words) if isinstance(item["input"], str) else ""
        hint = f'did you mean "{guess}"?' if guess else "write one of them"
        return f"{value} is not {' or '.join(words)}", hint
    if kind in _WORDS:
        return f"{value} is not {_WORDS[kind]}", f"write it like {example(model, place)}"
    return _limits(kind, ctx, value) or (f"{value} is refused: {_lower(item['msg'])}", "correct the value")


def _limits(kind: str, ctx: dict[str, Any], value: str) -> tuple[str, str] | None:
    if kind == "string_too_short":
        return "the text is empty", "write a value, or leave the key out"
    if kind == "string_too_long":
        return f"{value} is too long", f"at most {ctx['max_length']} characters"
    if kind == "too_long":
        count = ctx.get("actual_length") or "more"
        return f"{count} entries are too many", f"at most {ctx['max_length']}"
    if kind == "too_short":
        return "the list is empty", f"at least {ctx['min_length']}"
    if kind == "greater_than_equal":
        return f"{value} is less than {ctx['ge']}", f"write {ctx['ge']} or more"
    if kind == "less_than_equal":
        return f"{value} is more than {ctx['le']}", f"write {ctx['le']} or less"
    if kind == "string_pattern_mismatch":
        return f"{value} has another form than expected", f"it must match {ctx['pattern']}"
    return None


def _lower(text: str) -> str:
    text = text.removeprefix("Value error, ")
    return text[:1].lower() + text[1:]


def unknown_key(name: str, known: list[str]) -> str:
    """The fix for a key that does not exist: the nearest known one, all of them."""
    return suggest(name, known, "keys here")


def keys_at(model: type[BaseModel], place: Place) -> list[str]:
    """The keys a table at `place` inside `model` may have."""
    inner = model_at(model, place)
    if inner is None:
        return []
    return [field.alias or name for name, field in inner.model_fields.items()]


def model_at(model: type[BaseModel], place: Place) -> type[BaseModel] | None:
    """The model that reads the table at `place`, None when no model does."""
    here: type[BaseModel] | None = model
    for part in place:
        if here is None:
            return None
        if isinstance(part, str):
            fields = {field.alias or name: field for name, field in here.model_fields.items()}
            if part not in fields:
                return None
            here = _model_in(fields[part].annotation)
    return here


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if get_origin(annotation) is None and not isinstance(annotation, UnionType):
        return None
    found = [_model_in(part) for part in get_args(annotation)]
    return next((model for model in found if model is not None), None)


def example(model: type[BaseModel], place: Place) -> str:
    """A line that could stand there: `region = "eu-central-1"`."""
    name = next((part for part in reversed(place) if isinstance(part, str)), "")
    inner = model_at(model, place[:-1])
    field = next((f for n, f in (inner.model_fields.items() if inner else ()) if (f.alias or n) == name), None)
    if field is not None and field.examples:
        return f"{name} = {toml(field.examples[0])}"
    return f"{name} = {_SAMPLES.get(name, toml('…'))}" if name else "the example in docs/configuration.md"


_SAMPLES = {"region": '"eu-central-1"', "iam_role": '"arn:aws:iam::123456789012:role/tidegate-prod"'}


def toml(value: object) -> str:
    """A value as the file would write it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {toml(inner)}" for key, inner in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(toml(inner) for inner in value) + "]"
    if isinstance(value, int):
        return str(value)
    return f'"{value}"'
