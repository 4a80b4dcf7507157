"""CodeDeploy on Lambda: moves an alias from one version to another, share by share, with UpdateAlias as any client."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.awslambda.models import LambdaAlias, lambda_backends

from demo.cloud.calls import Answer, Call, Failure
from demo.cloud.codedeploy_configs import Routing
from demo.cloud.codedeploy_deployment import Deployment, Event, Fault, Target
from demo.cloud.codedeploy_hooks import Hooks
from demo.cloud.codedeploy_revisions import resource_in
from demo.cloud.codedeploy_words import ALLOWING, IN_PROGRESS, SUCCEEDED, caller_in
from demo.cloud.functions import shares_of

Perform = Callable[[Call], Answer | None]
RESOURCE = "AWS::Lambda::Function"
NEEDED = ("Name", "Alias", "CurrentVersion", "TargetVersion")


class LambdaRun:
    """One deployment to an alias. A way back takes its versions from what it undoes, and moves at once."""

    def __init__(self, one: Deployment, second: int, perform: Perform, minute: float) -> None:
        self._place = one.group.app.key[:2]
        self._perform, self._minute = perform, minute
        self._routing = Routing() if one.undoes else one.config.routing
        forward = one.undoes.asked if one.undoes else one.asked
        asked = resource_in(self._place[0], forward["revision"], RESOURCE, NEEDED)
        self.function, self.alias, self.current, self.target = (asked[name] for name in NEEDED)
        self._check(back=one.undoes is not None)
        if one.undoes:
            self.current, self.target = self.target, self.current
        self._hooks = Hooks(self._place, forward["revision"], way_back=one.undoes is not None)
        self._first: int | None = None
        self._told = 0.0
        self._sent = 100.0 if self._shares() == {self.target: 100.0} else 0.0
        account, region = self._place
        arn = f"arn:aws:lambda:{region}:{account}:function:{self.function}:{self.alias}"
        events = [Event(name) for name in ALLOWING]
        self.targets = [Target(f"{self.function}:{self.alias}", arn, events, updated=second)]

    def step(self, second: int) -> str:
        """One event after the other; AllowTraffic lasts until all of the traffic has moved."""
        status = self._advance(self.targets[0], second)
        self._told = self._shares().get(self.target, 0.0)
        return status

    def _advance(self, target: Target, second: int) -> str:
        target.turn(IN_PROGRESS, second)
        before, allow, after = target.events
        if before.status != SUCCEEDED:
            before.begin(second)
            self._hooks.run(before.name)
            before.end(second)
        elif allow.status != SUCCEEDED:
            self._shift(allow, second)
        else:
            after.begin(second)
            self._hooks.run(after.name)
            after.end(second)
            target.turn(SUCCEEDED, second)
            return SUCCEEDED
        return IN_PROGRESS

    def proceed(self, wait: str, second: int) -> bool:
        """Nothing waits for anybody on Lambda."""
        return False

    def shown(self, target: Target) -> dict[str, Any]:
        """The versions, and the share of the new one in percent, as of the last second that it did something."""
        return {"lambdaFunctionInfo": {
            "functionName": self.function, "functionAlias": self.alias, "currentVersion": self.current,
            "targetVersion": self.target, "targetVersionWeight": self._told,
        }}

    def _shift(self, event: Event, second: int) -> None:
        if self._first is None:
            self._first = second
            event.begin(second)
        wanted = self._routing.share_after(second - self._first, self._minute)
        # Only at a shift: what somebody else wrote in between stays until the next one.
        if wanted != self._sent:
            self._update(wanted)
            self._sent = wanted
        if wanted >= 100:
            event.end(second)

    def _update(self, share: float) -> None:
        whole = share >= 100
        weights = {} if whole else {self.target: share / 100}
        asked = {
            "FunctionName": self.function, "Name": self.alias,
            "FunctionVersion": self.target if whole else self.current,
            "RoutingConfig": {"AdditionalVersionWeights": weights},
        }
        account, region = self._place
        try:
            self._perform(Call("lambda", "UpdateAlias", asked, account, region, caller=caller_in(account)))
        except Failure as failure:
            raise Fault("INVALID_LAMBDA_FUNCTION", failure.message) from failure

    def _check(self, *, back: bool) -> None:
        """The alias must be where the AppSpec says it is, and both versions be there."""
        present = self._present().function_version
        known = {str(one.version) for one in self._backend().list_versions_by_function(self.function)}
        missing = {self.current, self.target} - known
        if missing:
            raise Fault("INVALID_LAMBDA_FUNCTION", f"there is no version {', '.join(sorted(missing))}")
        if present not in ((self.current, self.target) if back else (self.current,)):
            raise Fault("INVALID_LAMBDA_CONFIGURATION", (
                f"the alias {self.alias} is on version {present}, not {self.current}"
            ))

    def _present(self) -> LambdaAlias:
        """The alias as it is; it may be gone by now, with its function or without."""
        exists = self.function in {one.function_name for one in self._backend().list_functions()}
        found = self._backend().list_aliases(self.function) if exists else ()
        alias: LambdaAlias | None = next((one for one in found if one.name == self.alias), None)
        if alias is None:
            raise Fault("INVALID_LAMBDA_FUNCTION", f"there is no alias {self.alias} of {self.function}")
        return alias

    def _shares(self) -> dict[str, float]:
        return shares_of(self._present())

    def _backend(self) -> Any:
        account, region = self._place
        return lambda_backends[account][region]
