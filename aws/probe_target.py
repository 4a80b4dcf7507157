"""What a configuration says of the check of a test address: `test = { path = "/healthz", status = 200 }`. No calls."""

import re
from datetime import timedelta
from typing import Annotated, Final
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, model_validator

from rollout.durations import parse_duration, print_duration
from rollout.errors import BadInput
from rollout.values import ZERO, Frozen

LONGEST: Final = timedelta(seconds=10)
"""A look waits for the answer: what takes longer would hold up the others of its lane."""
_CHARACTERS: Final = r"[A-Za-z0-9._~!$&'()*+,;=:@%/?-]"


def _latency(value: object) -> timedelta | None:
    if value is None or isinstance(value, timedelta):
        return value
    if not isinstance(value, str):
        # pydantic turns only this kind into a message.
        raise ValueError(  # noqa: TRY004 - see above
            f'{value!r} is not a duration: write it as text with a unit, like "500ms"')
    try:
        length = parse_duration(value)
    except BadInput as bad:
        raise ValueError(f"{bad.fact}: {bad.hint}") from None
    if not ZERO < length <= LONGEST:
        raise ValueError(f"latency is {value}: write more than nothing, at most {print_duration(LONGEST)}")
    return length


def _url(value: str) -> str:
    """ValueError without the value: it may hold a password."""
    if not value:
        return value
    if not re.fullmatch(rf"https?://[^/?#]+(/{_CHARACTERS}*)?", value):
        raise ValueError('url is no plain address: write it like "https://test.example.com/healthz"')
    parts = urlsplit(value)
    if "@" in parts.netloc:
        raise ValueError("url holds a user name or a password: it stands on cards, so it may have none")
    if not re.fullmatch(r"([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?", parts.netloc):
        raise ValueError('url has no plain host: write it like "https://test.example.com/healthz"')
    return value if parts.path else f"{value}/"


Latency = Annotated[timedelta, BeforeValidator(_latency), PlainSerializer(print_duration, return_type=str)]


class Probe(Frozen):
    """What one GET has to come to while the new release has 0 %."""

    path: Annotated[str, Field(pattern=rf"^(/{_CHARACTERS}*)?$", max_length=500)] = ""
    url: Annotated[str, Field(max_length=500), AfterValidator(_url)] = ""
    status: Annotated[int, Field(ge=200, le=599)] = 200
    latency: Latency | None = None

    @model_validator(mode="after")
    def _one(self) -> "Probe":
        if bool(self.path) == bool(self.url):
            raise ValueError("test needs either a path, behind the test rule, or a whole url")
        return self
