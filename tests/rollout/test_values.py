"""Every value of the inside: frozen, strict, and sure of its time zone."""

import importlib
import pkgutil
from datetime import UTC, datetime, timedelta, timezone

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError

import rollout
from rollout.ask import Ask
from rollout.model import LIVE, TERMINAL, Phase, Rollout
from rollout.values import Frozen, Moment
from tests.rollout.make import T0, look_at, row

for found in pkgutil.walk_packages(rollout.__path__, "rollout."):
    importlib.import_module(found.name)


def _below(model: type[BaseModel]) -> list[type[BaseModel]]:
    direct = [kind for kind in model.__subclasses__() if kind.__module__.split(".")[0] == "rollout"]
    return direct + [deeper for kind in direct for deeper in _below(kind)]


MODELS = sorted(set(_below(BaseModel)), key=lambda kind: (kind.__module__, kind.__name__))
TIMES = [
    (model, name)
    for model in MODELS
    for name, field in model.model_fields.items()
    if "datetime.datetime" in str(field.annotation)
]


def _time(model, name):
    return pytest.param(model, name, id=f"{model.__name__}.{name}")


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_model_is_frozen_and_strict(model):
    """No model of the inside can change or takes a field it does not know."""
    assert issubclass(model, Frozen)
    assert (model.model_config.get("frozen"), model.model_config.get("extra")) == (True, "forbid")


def test_a_value_cannot_change_and_refuses_the_unknown():
    """Frozen and strict are what pydantic does with these settings, seen once."""
    wish = Ask(verb="start")
    with pytest.raises(ValidationError, match="frozen"):
        wish.verb = "rollback"  # type: ignore[misc]  # exactly what must fail
    with pytest.raises(ValidationError, match="Extra inputs"):
        Ask.model_validate({"verb": "start", "wait": True})


@pytest.mark.parametrize(("model", "name"), [_time(*one) for one in TIMES])
def test_every_moment_refuses_a_naive_time(model, name):
    """A time without a zone is refused by every field of every model that holds times."""
    field = TypeAdapter(model.model_fields[name].rebuild_annotation())
    naive = datetime(2026, 1, 1)  # noqa: DTZ001 naive on purpose
    shape = str(model.model_fields[name].annotation)
    wrong = {"a": naive} if "dict" in shape else ((naive, 1.0),) if "tuple" in shape else naive
    with pytest.raises(ValidationError, match="needs a time zone"):
        field.validate_python(wrong)


def test_a_moment_is_held_in_utc():
    """The same instant in another zone is the same moment, and reads as UTC."""
    here = datetime(2026, 1, 1, 14, tzinfo=timezone(timedelta(hours=2)))
    moment = TypeAdapter(Moment).validate_python(here)
    assert (moment, moment.tzinfo, moment.hour) == (here, UTC, 12)


@pytest.mark.parametrize("phase", list(Phase))
def test_a_row_survives_the_file(phase):
    """A row read back from its JSON is the row that was written, seen and verdict included."""
    kept = row(phase).but(seen=look_at(row(phase)).seen, elapsed=timedelta(microseconds=1), known_red={"a": T0})
    assert Rollout.model_validate_json(kept.model_dump_json()) == kept
    assert kept.live == (phase in LIVE) == (phase not in TERMINAL)


def test_a_row_has_no_other_fields():
    """A misspelt change is a bug of ours and is said so, not stored."""
    with pytest.raises(TypeError, match="no bakd, phas"):
        row(Phase.STEPPING).but(phas="paused", bakd=1, step=0)
