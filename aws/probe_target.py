"""What a configuration says of the check of a test address: `test = { path = "/healthz", status = 200 }`. No calls."""

import re
from datetime import timedelta
from typing import Annotated, Final
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, model_validator
from pydantic_core import PydanticCustomError

from rollout.durations import parse_duration, print_duration
from rollout.errors import BadInput
from rollout.values import ZERO, Frozen

LONGEST: Final = timedelta(seconds=10)
"""A look waits for the answer: what takes longer would hold up the others of its lane."""
MOST: Final = 500
_PATH: Final = r"/[A-Za-z0-9._~!$&'()*+,;=:@%/?-]*"
_HOST: Final = r"([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?"
URL_HINT: Final = 'write it like "https://test.example.com/healthz"'


def wrong(fact: str, hint: str) -> PydanticCustomError:
    """A mistake in words of ours: the value itself, which may hold a password, is in none of them."""
    return PydanticCustomError("flaw", "{fact}: {hint}", {"fact": fact, "hint": hint})


def _latency(value: object) -> timedelta | None:
    if value is None or isinstance(value, timedelta):
        return value
    if not isinstance(value, str):
        raise wrong("latency is not a duration", 'write it as text with a unit: "500ms"')
    try:
        length = parse_duration(value)
    except BadInput as bad:
        raise wrong(bad.fact, bad.hint) from None
    if not ZERO < length <= LONGEST:
        raise wrong(f"latency is {value}", f"write more than nothing, at most {print_duration(LONGEST)}")
    return length


def _path(value: str) -> str:
    if value and not re.fullmatch(_PATH, value):
        raise wrong("path is none of an address", "begin it with /, without spaces")
    return value


def _url(value: str) -> str:
    if not value:
        return value
    parts = urlsplit(value) if re.fullmatch(rf"https?://[^/?#]+({_PATH})?", value) else None
    if parts is None or len(value) > MOST:
        raise wrong("url is no plain address", URL_HINT)
    if "@" in parts.netloc:
        raise wrong("url holds a user name or a password, and it stands on cards", URL_HINT)
    if not re.fullmatch(_HOST, parts.netloc):
        raise wrong("url has no plain host", URL_HINT)
    return value if parts.path else f"{value}/"


Latency = Annotated[timedelta, BeforeValidator(_latency), PlainSerializer(print_duration, return_type=str)]


class Probe(Frozen):
    """What one GET has to come to while the new release has 0 %."""

    path: Annotated[str, Field(max_length=MOST), AfterValidator(_path)] = ""
    url: Annotated[str, AfterValidator(_url)] = ""
    status: Annotated[int, Field(ge=200, le=599)] = 200
    latency: Latency | None = None

    @model_validator(mode="after")
    def _one(self) -> "Probe":
        if bool(self.path) == bool(self.url):
            what = "both a path and a url" if self.path else "neither a path nor a url"
            raise wrong(f"test has {what}", "write a path, behind the test rule, or a whole url")
        return self
