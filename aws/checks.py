"""Questions that only `tidegate check` asks: who are we, what time is it there, may we write. Nothing is ever written.

None of its permissions is needed to deploy: whoever is refused here has learnt only what was not proven.
"""

import difflib
from collections.abc import Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Annotated, Final, NamedTuple

from pydantic import Field

from aws import topic
from aws.alarm_calls import OPERATIONS as ALARMS
from aws.alarm_calls import described
from aws.calls import Answer, Calls, Metadata, Reply
from aws.driver import needed
from aws.registry import driver_class
from aws.sessions import Place, Sessions
from rollout.errors import TargetError
from rollout.ports import TargetModel

ASKED: Final[Mapping[str, str]] = {
    "sts:GetCallerIdentity": "*",  # needs no permission
    "iam:SimulatePrincipalPolicy": "{who}",
    "sns:GetTopicAttributes": "{topic}",
}
"""All optional, and so in no policy of the documents."""
_READS: Final = ("Get", "List", "Describe")
_FEW: Final = 3
"""Letters of a name by which a mistyped one is looked for."""


class _Dated(Metadata):
    headers: Mapping[str, str] = Field(default_factory=dict, alias="HTTPHeaders")


class _Identity(Answer):
    """GetCallerIdentity."""

    arn: Annotated[str, Field(min_length=1)]
    account: Annotated[str, Field(min_length=1)]
    response_metadata: _Dated = _Dated()


class _Topic(Answer):
    """GetTopicAttributes."""


class _Evaluated(Reply):
    eval_action_name: str
    eval_decision: str


class _Simulated(Answer):
    """SimulatePrincipalPolicy."""

    evaluation_results: tuple[_Evaluated, ...]


class Caller(NamedTuple):
    """Whom AWS takes us for at a place, and the time on its clock."""

    arn: str
    account: str
    at: datetime | None

    @property
    def partition(self) -> str:
        """`aws`, `aws-cn`, `aws-us-gov`."""
        return self.arn.split(":")[1]


class Wish(NamedTuple):
    """A permission, and the ARN of what it is for."""

    action: str
    resource: str


def caller(sessions: Sessions, place: Place) -> Caller:
    """Prove the credentials, the role taken where there is one. TargetError when they are no good."""
    reply = Calls(sessions, place, "sts", ASKED).read("GetCallerIdentity", _Identity)
    return Caller(reply.arn, reply.account, _date(reply.response_metadata.headers))


def find_topic(sessions: Sessions, arn: str) -> None:
    """Return when the topic exists. TargetError: `absent` when it does not, `auth` when nobody may ask."""
    calls = Calls(sessions, Place("", arn.split(":")[3]), "sns", ASKED, topic=arn)
    calls.read("GetTopicAttributes", _Topic, TopicArn=arn)


def nearest_alarm(sessions: Sessions, place: Place, name: str) -> str:
    """The name that was probably meant; empty when none is like it, or there are too many to read."""
    calls = Calls(sessions, place, "cloudwatch", ALARMS)
    try:
        some = described(calls, AlarmNamePrefix=name[:_FEW])
        near = _near(name, [row.alarm_name for row in some])
        return near or _near(name, [row.alarm_name for row in described(calls)])
    except TargetError:
        return ""


GLOBAL: Final = frozenset({"route53"})
"""Services whose ARNs name neither region nor account."""


def writes(target: TargetModel, who: Caller) -> tuple[Wish, ...]:
    """What deploying that target changes in AWS, out of its driver's own table."""
    names = {key: str(value) for key, value in target.model_dump(mode="json").items()}
    wishes = []
    for action, resource in needed(driver_class(target.kind), target).items():
        service, operation = action.split(":")
        if not operation.startswith(_READS):
            place = ":" if service in GLOBAL else f"{target.region}:{who.account}"
            where = f"arn:{who.partition}:{service}:{place}"
            wishes.append(Wish(action, "*" if resource == "*" else f"{where}:{resource.format_map(names)}"))
    return tuple(wishes)


def pages(arn: str) -> tuple[Wish, ...]:
    """What paging needs."""
    return tuple(Wish(action, arn) for action in topic.OPERATIONS)


def decision(sessions: Sessions, place: Place, who: Caller, wish: Wish) -> str:
    """`allowed`, `implicitDeny` or `explicitDeny`, as IAM's simulator decides. TargetError when it cannot be asked.

    It knows no policy of the resource itself, which may allow what it takes for an implicit denial.
    """
    source = place.role or _principal(who)
    if not source:
        raise TargetError("config", f"IAM simulates roles and users, and {who.arn} is neither")
    reply = Calls(sessions, place, "iam", ASKED, who=source).read(
        "SimulatePrincipalPolicy", _Simulated,
        PolicySourceArn=source, ActionNames=[wish.action], ResourceArns=[wish.resource],
    )  # fmt: skip
    for each in reply.evaluation_results:
        if each.eval_action_name.lower() == wish.action.lower():
            return each.eval_decision
    raise TargetError("transient", f"IAM's simulator said nothing of {wish.action}")


def _principal(who: Caller) -> str:
    """The role of a session, or the user. A role with a path is not found by it: AWS leaves the path out."""
    kind, _, rest = who.arn.split(":", 5)[5].partition("/")
    if kind == "assumed-role":
        return f"arn:{who.partition}:iam::{who.account}:role/{rest.split('/')[0]}"
    return who.arn if kind == "user" else ""


def _near(name: str, known: list[str]) -> str:
    return next(iter(difflib.get_close_matches(name, known, n=1, cutoff=0.6)), "")


def _date(headers: Mapping[str, str]) -> datetime | None:
    told = {key.lower(): value for key, value in headers.items()}.get("date", "")
    try:
        moment = parsedate_to_datetime(told)
    except ValueError:
        return None
    return moment if moment.tzinfo else None
