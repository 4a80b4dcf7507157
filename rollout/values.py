"""The base of every value: frozen, strict about unknown fields, aware of its time zone. No domain words here."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict


def _utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("a moment needs a time zone")
    return moment.astimezone(UTC)


Moment = Annotated[datetime, AfterValidator(_utc)]
"""An aware datetime, always held in UTC."""

ZERO = timedelta(0)


class Frozen(BaseModel):
    """A value: cannot change, refuses fields it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")
