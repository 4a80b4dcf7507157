"""docs/configuration.md against the models: every key stands there with its type and default, nothing else does."""

import re
import tomllib
from datetime import timedelta
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

import pytest
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from aws.ec2_target import Ec2Side
from aws.ecs_target import EcsSide
from aws.probe_target import Probe
from aws.registry import DRIVERS
from bot.config import model
from bot.config.explain import toml
from rollout.alarms.model import Timing as AlarmTiming
from rollout.durations import print_duration
from rollout.ports import TargetModel
from rollout.terms import AlarmGate, Timing
from tests.bot.test_config_broken import mistakes

DOCS = Path(__file__).resolve().parent.parent.parent / "docs" / "configuration.md"
TARGET = "[apps.<app>.env.<env>]"
SECTIONS = {
    "[slack]": model.Slack,
    "[http]": model.Http,
    "[store]": model.Store,
    "[aws]": model.Aws,
    "[page]": model.Page,
    "[alarms]": AlarmTiming,
    "[[digests]]": model.Digest,
    "[timing]": Timing,
    "[apps.<app>]": model.App,
    TARGET: model.Rules,
    "[apps.<app>.env.<env>.approve]": model.Approve,
    "an alarm": AlarmGate,
    **{f'kind = "{kind}"': driver.Target for kind, driver in DRIVERS.items()},
}
WORDS: dict[Any, str] = {
    str: "text", int: "whole number", bool: "true or false", timedelta: "duration", dict: "table", tuple: "list",
    AlarmGate: "alarm", model.Approve: "table", EcsSide: "table", Ec2Side: "table", Probe: "table",
}  # fmt: skip


def fields(name, section):
    """Key -> field, of what belongs into the table of that section."""
    found = {field.alias or key: field for key, field in section.model_fields.items()}
    if name.startswith("kind"):
        found = {key: field for key, field in found.items() if key not in model.Rules.model_fields and key != "kind"}
    found.pop("env", None)
    return found


def type_of(field: FieldInfo):
    """The type as the file's author sees it."""
    return " or ".join(dict.fromkeys(_types(field.annotation)))


def _types(annotation):
    origin = get_origin(annotation)
    if origin is Literal:
        yield from (f'`"{word}"`' for word in get_args(annotation))
    elif origin in (Union, UnionType):
        for part in get_args(annotation):
            yield from _types(part)
    elif annotation is not NoneType:
        inner = [part for part in get_args(annotation) if part is not ...]
        if (origin or annotation) is tuple:
            yield f"list of {'alarms' if 'AlarmGate' in str(inner) else 'text'}"
        else:
            yield WORDS[origin or annotation]


def default_of(field: FieldInfo):
    """The default as the table shows it."""
    default = field.get_default(call_default_factory=True)
    if field.is_required() or default is PydanticUndefined:
        return "required"
    if isinstance(default, timedelta):
        default = print_duration(default)
    return "none" if default in (None, "", (), {}) else f"`{toml(default)}`"


def tables():
    """Heading -> rows of cells, as they stand in the document."""
    found: dict[str, dict[str, list[str]]] = {}
    heading = ""
    for line in DOCS.read_text().splitlines():
        if line.startswith("#"):
            heading = line.lstrip("# ").replace("`", "")
        elif row := re.match(r"\| `([^`]+)` \|", line):
            cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
            found.setdefault(heading, {})[row[1]] = cells
    return found


@pytest.mark.parametrize("name", SECTIONS)
def test_every_key_is_documented_and_nothing_else(name):
    """Per section the table lists exactly the model's keys, with type, default, meaning and example."""
    wanted = fields(name, SECTIONS[name])
    rows = tables()[name]
    assert list(rows) == list(wanted)
    for key, field in wanted.items():
        _, kind, default, meaning, example = rows[key]
        assert (key, kind) == (key, type_of(field))
        assert (key, default) == (key, default_of(field))
        assert meaning
        if field.description:
            assert meaning == field.description
        assert list(tomllib.loads(example.strip("`").replace("\\|", "|"))) == [key]


def test_every_section_has_its_table():
    """No section of the file is missing from the document, none is invented."""
    assert set(tables()) == set(SECTIONS)
    text = DOCS.read_text()
    top = {name.strip("[]").split(".")[0] for name in SECTIONS if name.startswith("[")}
    assert top | {"roles", "plans"} == set(model.Settings.model_fields)
    assert "## `[roles]`" in text
    assert "## `[plans]`" in text
    assert set(model.Rules.model_fields) <= set(TargetModel.model_fields)
    for variable in ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET", "SLACK_API_URL", "AWS_ENDPOINT_URL",
                     "TIDEGATE_CONFIG", "TIDEGATE_LOG"):  # fmt: skip
        assert f"`{variable}`" in text


def test_the_examples_load(tmp_path):
    """Every TOML block of the document is a configuration that loads."""
    blocks = re.findall(r"```toml\n(.*?)```", DOCS.read_text(), re.DOTALL)
    assert len(blocks) >= 2
    for block in blocks:
        assert mistakes(block, tmp_path) == (), block
