"""Knobs over CodeDeploy: deployments that stand still or fail, answers that come late, a colleague's deployment."""

from __future__ import annotations

from typing import Any

from demo.cloud.building_codedeploy import BUCKET, add_bundle, alias_spec, app_spec
from demo.cloud.calls import ACCOUNT, REGION
from demo.cloud.codedeploy_deployment import Group
from demo.cloud.codedeploy_shown import essence
from demo.cloud.codedeploy_words import LAMBDA, MESSAGES
from demo.cloud.functions import shares_of
from demo.cloud.task import Behaviour
from demo.cloud.traffic import FAILING
from demo.cloud.turning import Turning

MOST_READS, LONGEST_MINUTE = 100, 600
ALIAS = "live"


class CodeDeployKnobs(Turning):
    """What a person may do to applications of CodeDeploy, each by its name; its group has the same name."""

    def codedeploy_stuck(self, application: str, on: bool = True) -> str:  # noqa: FBT001, FBT002 - an argument in JSON
        """Whether an application's deployments stand still, whatever their status."""
        stuck = self._world.codedeploy.engine.stuck
        with self._world.lock:
            self._world.tick()
            self._group(application)
            stuck.add(application) if on else stuck.discard(application)
        return f"Deployments of {application} {'stand still' if on else 'get on again'}."

    def codedeploy_fail(self, application: str, code: str = "HOOK_EXECUTION_FAILURE") -> str:
        """The application's deployment fails at its next step with that error code, or the next one does."""
        if code not in MESSAGES:
            raise ValueError(f"no error code {code!r}; known: {', '.join(MESSAGES)}")
        with self._world.lock:
            self._world.tick()
            self._group(application)
            self._world.codedeploy.engine.failing[application] = code
        return f"The next step of a deployment of {application} fails with {code}."

    def codedeploy_hide(self, reads: int) -> str:
        """How many answers of ListDeployments leave out a new deployment."""
        if not 0 <= reads <= MOST_READS:
            raise ValueError(f"reads is 0 to {MOST_READS}, not {reads}")
        with self._world.lock:
            self._world.codedeploy.engine.hides = reads
        return f"ListDeployments leaves out a new deployment {reads} times."

    def codedeploy_words(self, *, baking: bool = False, waiting: bool = True) -> str:
        """How the wait before the old side goes is told: as Baking or InProgress, with its flag or without."""
        with self._world.lock:
            engine = self._world.codedeploy.engine
            engine.says_baking, engine.says_waiting = baking, waiting
        flag = "with" if waiting else "without"
        return f"The termination wait is called {'Baking' if baking else 'InProgress'}, {flag} its flag."

    def codedeploy_minute(self, seconds: float) -> str:
        """How many seconds a minute of CodeDeploy lasts."""
        if not 0 < seconds <= LONGEST_MINUTE:
            raise ValueError(f"seconds is more than 0 and at most {LONGEST_MINUTE}, not {seconds}")
        with self._world.lock:
            self._world.codedeploy.engine.minute = seconds
        return f"A minute of CodeDeploy lasts {seconds:g} s."

    def codedeploy_by_hand(self, application: str, version: str = "") -> str:
        """What a colleague does in the console: a deployment of the last good revision, of Lambda of a version."""
        with self._world.lock:
            group = self._group(application)
            answer = self._perform("codedeploy", "CreateDeployment", {
                "applicationName": application, "deploymentGroupName": application,
                "revision": self._revision(group, version), "description": "by hand",
            })
        return f"{answer.result['deploymentId']} of {application} was started by hand."

    def push_bundle(self, application: str, release: str, kind: str = "good") -> str:
        """A new archive in S3 for servers: good, errors (8 % of its requests), down (does not come up)."""
        kinds = {"good": Behaviour(), "errors": Behaviour(FAILING), "down": Behaviour(exit_code=1)}
        if kind not in kinds:
            raise ValueError(f"no kind of archive {kind!r}; known: {', '.join(kinds)}")
        with self._world.lock:
            self._world.tick()
            self._group(application)
            add_bundle(self._world, release, kinds[kind], name=application)
        return f"s3://{BUCKET}/{application}/{release}.zip is pushed: {kind}."

    def codedeploy(self) -> dict[str, Any]:
        """Every group with its deployments, the oldest first."""
        with self._world.lock:
            self._world.tick()
            groups = self._world.codedeploy.groups.groups.values()
            return {
                group.app.name: {
                    "platform": group.app.platform, "config": group.settings["deploymentConfigName"],
                    "deployments": [essence(one) | {"creator": one.creator} for one in group.deployments],
                }
                for group in groups
            }

    def _group(self, application: str) -> Group:
        groups = self._world.codedeploy.groups.groups
        found = groups.get(((ACCOUNT, REGION, application), application))
        if found is None:
            known = ", ".join(sorted(name for _, name in groups)) or "none"
            raise LookupError(f"no application {application} of CodeDeploy; known: {known}")
        return found

    def _revision(self, group: Group, version: str) -> dict[str, Any]:
        if group.app.platform == LAMBDA:
            present = shares_of(self._backend().get_alias(ALIAS, group.app.name))
            current = max(present, key=lambda one: present[one])
            return app_spec(alias_spec(group.app.name, ALIAS, current, version))
        if group.last_good is None:
            raise LookupError(f"no deployment of {group.app.name} has succeeded yet")
        return group.last_good.revision
