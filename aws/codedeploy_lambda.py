"""CodeDeploy's platform `lambda`: an alias and two versions. The alias itself says who gets how much.

Releases, checks and looks are those of the driver `lambda`; only who writes the alias differs. CodeDeploy's own
`targetVersionWeight` is not read: the alias also shows what somebody else wrote.
"""

from collections.abc import Sequence
from typing import Any

from aws.codedeploy_appspec import appspec
from aws.codedeploy_ground import Asked, Sides
from aws.codedeploy_replies import Group
from aws.codedeploy_target import CodeDeployTarget
from aws.lambda_alias import LambdaAlias, LambdaTarget
from aws.sessions import Sessions
from rollout.errors import TargetError
from rollout.model import Rollout
from rollout.ports import Clock
from rollout.release import Check, Prepared, Release


class LambdaGround:
    """Three reads a look, those of the driver `lambda`; nothing is written here."""

    def __init__(self, sessions: Sessions, clock: Clock) -> None:
        self._alias = LambdaAlias(sessions, clock)

    def prepare(self, rollout: Rollout, target: CodeDeployTarget, group: Group) -> Prepared:
        """As the driver `lambda` prepares."""
        return self._alias.prepare(_as_alias(rollout, target))

    def examine(self, target: CodeDeployTarget, group: Group) -> Sequence[Check]:
        """As the driver `lambda` examines."""
        return self._alias.examine(LambdaTarget.model_validate(_settings(target)))

    def revision(self, target: CodeDeployTarget, release: Release, other: Release) -> dict[str, Any]:
        """An AppSpec from the one version to the other."""
        properties = {
            "Name": target.function, "Alias": target.alias,
            "CurrentVersion": other.id, "TargetVersion": release.id,
        }  # fmt: skip
        resource = {"Type": "AWS::Lambda::Function", "Properties": properties}
        return appspec({target.function: resource}, target.hooks)

    def see(self, asked: Sequence[Asked]) -> dict[int, Sides | TargetError]:
        """The alias' weights and the states of both versions."""
        looks = self._alias.look([_as_alias(one.rollout, one.target) for one in asked])
        return {
            number: look if isinstance(look, TargetError)
            else Sides(look.percent, look.stable, look.candidate, look.foreign)
            for number, look in looks.items()
        }  # fmt: skip


def _settings(target: CodeDeployTarget) -> dict[str, str]:
    names = ("function", "alias", "region", "iam_role")
    return {"kind": "lambda", **{name: getattr(target, name) for name in names}}


def _as_alias(rollout: Rollout, target: CodeDeployTarget) -> Rollout:
    terms = rollout.terms.model_copy(update={"settings": _settings(target)})
    return rollout.but(terms=terms)
