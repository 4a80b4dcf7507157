"""What configurations of two sides behind listener rules have in common. No calls."""

from collections import Counter
from typing import Annotated, Any, Final, Protocol, Self

from pydantic import Field

from aws.alb_preflight import Named
from aws.probe_target import Probe, wrong

_ELB: Final = r"^arn:aws[a-z-]*:elasticloadbalancing:[a-z0-9-]+:[0-9]{12}:"
GroupArn = Annotated[str, Field(pattern=_ELB + r"targetgroup/[A-Za-z0-9-]{1,32}/[0-9a-f]+$")]
RuleArn = Annotated[
    str, Field(pattern=_ELB + r"(listener/app(/[A-Za-z0-9-]+){3}|listener-rule/app(/[A-Za-z0-9-]+){4})$")
]
"""Of an Application Load Balancer: a listener rule, or a listener for what it does by default."""
Rules = Annotated[tuple[RuleArn, ...], Field(min_length=1, max_length=20)]
TestRule = Annotated[str, Field(pattern=rf"^$|{_ELB}listener(-rule)?/app/")]
Floor = Annotated[int, Field(ge=0, le=5000)]
Region = Annotated[str, Field(pattern=r"^[a-z]{2}(-[a-z]+)+-[0-9]+$")]
Role = Annotated[str, Field(pattern=r"^(arn:aws[a-z-]*:iam::[0-9]{12}:role/[\w+=,.@/-]+)?$")]


class PairTarget(Protocol):
    """Two target groups of one load balancer, and the rules that send traffic to both."""

    @classmethod
    def model_validate(cls, obj: Any) -> Self:
        """The settings of a rollout."""
        ...

    @property
    def rules(self) -> tuple[str, ...]: ...

    @property
    def test_rule(self) -> str: ...

    @property
    def test(self) -> Probe | None:
        """The check of the test address."""
        ...

    @property
    def floor(self) -> int: ...

    @property
    def region(self) -> str: ...

    @property
    def iam_role(self) -> str: ...

    @property
    def groups(self) -> tuple[str, str]:
        """The ARNs of the target groups, blue and green."""
        ...

    def crew(self, group: str) -> str:
        """The name of what has its servers in that target group."""
        ...

    def key(self, group: str) -> str:
        """The same name where it has to be told from others of the place."""
        ...


def named(target: PairTarget) -> Named:
    """What of it is the load balancer's."""
    blue, green = target.groups
    path = target.test.path if target.test else ""
    return Named(target.rules, target.test_rule, blue, green, path, target.test is not None)


def told_apart(target: PairTarget) -> None:
    """ValueError where two things that must differ are the same, or lie in another region."""
    blue, green = target.groups
    if blue == green:
        raise ValueError("blue and green have the same target_group: each side needs its own")
    if target.crew(blue) == target.crew(green):
        raise ValueError(f"blue and green are both {target.crew(blue)!r}: name two")
    twice = [arn for arn, count in Counter([*target.rules, target.test_rule]).items() if count > 1]
    if twice:
        raise ValueError(f"this rule is named twice: {twice[0]}")
    if target.test and target.test.path and not target.test_rule:
        raise wrong("test has a path, and there is no test_rule", "name one, or write a whole url")
    for arn in (*target.rules, blue, green):
        if arn.split(":")[3] != target.region:
            raise ValueError(f"{arn} is not in the region {target.region}")
