"""Starts, answers and stops deployments of one rollout. Each call is preceded by a look at what is there (A02, A16).

None of these calls has a token, and IAM cannot confine two of them to a group: a deployment is touched only after its
application, its group and its mark were read and are ours.
"""

import re
from datetime import datetime, timedelta
from typing import Any, Final

from aws import codedeploy_mark
from aws.codedeploy_course import READY, TERMINATION, Story, wait_of
from aws.codedeploy_ground import Ground
from aws.codedeploy_look import Eyes, Want
from aws.codedeploy_reads import Desk, configuration_of, deployments_of, group_of
from aws.codedeploy_replies import ConfigMade, Continued, Deployment, Group, Made, Stopping
from aws.codedeploy_schedule import Schedule, configuration_for
from aws.codedeploy_target import AS_AWS
from aws.driver import failed, sides
from aws.faults import CallError
from rollout.actions import Outcome
from rollout.errors import TargetError
from rollout.release import Release

AGAIN: Final = timedelta(seconds=30)
"""A way back that failed is tried anew so long after its end, when it is asked for again: it must arrive."""

_DEPLOYMENT: Final = re.compile(r"\bd-[A-Z0-9]+\b")


class Hands:
    """What may be done to the deployments of one rollout, at one moment."""

    def __init__(self, eyes: Eyes, ground: Ground, want: Want, at: datetime) -> None:
        self._eyes = eyes
        self._ground = ground
        self._want = want
        self._at = at
        self._desk: Desk = eyes.desk(want.target)

    def launch(self, release: str, key: str) -> Outcome:
        """Start a deployment of that release, unless one was started for this rollout already."""
        stable, candidate = sides(self._want.rollout)
        wanted = {stable.id: stable, candidate.id: candidate}.get(release)
        if wanted is None:
            raise TargetError("config", f"{release} is neither side of #{self._want.rollout.id}")
        story = self._eyes.listed(self._want)
        if story.ours is not None and story.release == release and not self._over(story.ours, wanted):
            return self._standing(story, story.ours)
        if story.ours is not None and story.goes_back and wanted is candidate:
            text = f"{story.ours.deployment_id} takes it back already: nothing was started"
            return Outcome(state="failed", text=text, hint="start a new rollout when it has ended")
        if told := _in_the_way(story):
            text = f"the deployment group {self._want.target.group} is busy with {told}; nothing was started"
            return Outcome(state="failed", text=text, hint="wait until it has ended")
        return self._create(wanted, stable if wanted is candidate else candidate, key)

    def go_on(self, wait: str) -> Outcome:
        """Answer that wait, if the deployment stands at it."""
        story = self._present()
        if story.ours is None:
            return Outcome(state="failed", text="no deployment was started for this rollout", hint="look first")
        return self._continue(story, story.ours, wait)

    def stop(self) -> Outcome:
        """Stop the deployment and have AWS put the old release back; one that has ended is left as it is."""
        story = self._eyes.bare(self._want)
        ours = story.ours
        if ours is None or not ours.active:
            text = f"{ours.deployment_id} has ended: {ours.status}" if ours else "no deployment of ours is under way"
            return Outcome(state="done", text=text)
        if story.goes_back:
            return Outcome(state="done", text=f"{ours.deployment_id} puts the old release back already")
        try:
            reply = self._desk.calls.write(
                "StopDeployment", Stopping, deploymentId=ours.deployment_id, autoRollbackEnabled=True
            )
        except CallError as error:
            if error.kind != "done":
                raise
            return self._read_back(error)
        text = f"{ours.deployment_id} is told to stop and go back: {reply.status}"
        return Outcome(state="done", text=text, request_id=reply.response_metadata.request_id)

    def _read_back(self, error: CallError) -> Outcome:
        """AWS says that it has ended: true when it is read so."""
        story = self._eyes.bare(self._want)
        if story.ours is not None and story.ours.active:
            return failed(error)
        return Outcome(state="done", text="it has ended in between", request_id=error.request_id)

    def _present(self) -> Story:
        return self._eyes.whole(self._want, self._eyes.bare(self._want))

    def _standing(self, story: Story, ours: Deployment) -> Outcome:
        """It was started. A way back that waits for a word gets it: nobody else would say it."""
        if story.goes_back and ours.status == "Ready":
            story = self._eyes.whole(self._want, story)
            wait = wait_of(story, self._at)
            if wait is not None and wait.kind == "shift":
                return self._continue(story, ours, READY)
        return Outcome(state="done", text=f"{ours.deployment_id} was started already: {ours.status}")

    def _over(self, ours: Deployment, release: Release) -> bool:
        """A way back of ours that ended badly, long enough ago."""
        stable = self._want.rollout.stable
        if stable is None or release.id != stable.id or ours.active or ours.status == "Succeeded":
            return False
        return self._at - (ours.complete_time or ours.create_time) >= AGAIN

    def _continue(self, story: Story, ours: Deployment, wait: str) -> Outcome:
        present = wait_of(story, self._at)
        if present is None or present.id != wait or wait not in (READY, TERMINATION):
            text = f"{ours.deployment_id} does not stand at {wait} (any more): {ours.status}"
            return Outcome(state="done", text=text)
        try:
            reply = self._desk.calls.write(
                "ContinueDeployment", Continued, deploymentId=ours.deployment_id, deploymentWaitType=wait
            )
        except CallError as error:
            if error.kind not in ("done", "state", "config"):
                raise
            return self._went_on(wait, error)
        text = f"{ours.deployment_id} goes on from {wait}"
        return Outcome(state="done", text=text, request_id=reply.response_metadata.request_id)

    def _went_on(self, wait: str, error: CallError) -> Outcome:
        """AWS refused: fine where it has gone on meanwhile."""
        present = wait_of(self._present(), self._at)
        # While AWS removes the old side, which takes minutes, nothing but this refusal tells that its wait is over.
        removes = wait == TERMINATION and error.kind == "state"
        if present is not None and present.id == wait and not removes:
            return failed(error)
        return Outcome(state="done", text=f"it had gone on from {wait} already", request_id=error.request_id)

    def _create(self, release: Release, other: Release, key: str) -> Outcome:
        rollout, target = self._want
        goes_back = rollout.stable is not None and release.id == rollout.stable.id
        group = group_of(self._desk)
        # A list shows a new deployment late, and it may have ended before: the group itself names its last one.
        if late := self._standing_there(release, group.last_attempted_deployment.deployment_id):
            return late
        asked: dict[str, Any] = {
            "applicationName": target.application,
            "deploymentGroupName": target.group,
            "revision": self._ground.revision(target, release, other),
            "description": codedeploy_mark.mark(rollout, release.id, key),
            "autoRollbackConfiguration": _rollback(group, goes_back=goes_back),
        }
        if goes_back or rollout.back:
            # The alarm that it is the answer to is still red, and would stop it at once.
            asked["overrideAlarmConfiguration"] = {"enabled": False, "alarms": []}
        elif rollout.overridden is not None:
            # What was red before would stop it at once: a second person's word leaves those out, and no other (S13).
            watched = group.alarm_configuration
            kept = [{"name": name} for name in watched.names if name not in rollout.known_red]
            blind = watched.ignore_poll_alarm_failure
            asked["overrideAlarmConfiguration"] = {
                "enabled": bool(kept), "alarms": kept, "ignorePollAlarmFailure": blind,
            }  # fmt: skip
        if name := self._configuration(goes_back=goes_back):
            asked["deploymentConfigName"] = name
        try:
            reply = self._desk.calls.write("CreateDeployment", Made, **asked)
        except CallError as error:
            return self._busy(release, error)
        text = f"{reply.deployment_id} deploys {release.id}" + (f" by {name}" if name else "")
        return Outcome(state="done", text=text, request_id=reply.response_metadata.request_id)

    def _busy(self, release: Release, error: CallError) -> Outcome:
        """AWS names the deployment that holds the group: it may be ours, for a list shows a new one late."""
        if error.kind == "busy":
            late = self._standing_there(release, *_DEPLOYMENT.findall(error.fact))
            if late is not None:
                return late
        return failed(error)

    def _standing_there(self, release: Release, *ids: str) -> Outcome | None:
        """One of these, or what one of these takes back, is ours for that release, or an earlier way back."""
        rollout, target = self._want
        rows = deployments_of(self._desk.calls, filter(None, ids))
        undone = (row.rollback_info.rollback_triggering_deployment_id for row in rows.values())
        rows |= deployments_of(self._desk.calls, filter(None, undone))
        for row in rows.values():
            if codedeploy_mark.is_for(row, rollout, target, release.id) and not self._over(row, release):
                return Outcome(state="done", text=f"{row.deployment_id} was started already: {row.status}")
            if rollout.stable is not None and codedeploy_mark.only_keeps(row, rollout.stable.id):
                return self._let_go(row)
        return None

    def _let_go(self, rest: Deployment) -> Outcome:
        """End an earlier way back that has arrived: until then AWS starts nothing. The launch is asked for again."""
        try:
            reply = self._desk.calls.write(
                "ContinueDeployment", Continued, deploymentId=rest.deployment_id, deploymentWaitType=TERMINATION
            )
        except CallError as error:
            if error.kind not in ("done", "state", "config"):
                raise
            text = f"{rest.deployment_id}, an earlier way back, ends already: nothing was started yet"
            return Outcome(state="done", text=text, request_id=error.request_id)
        text = f"{rest.deployment_id}, an earlier way back, is told to end: nothing was started yet"
        return Outcome(state="done", text=text, request_id=reply.response_metadata.request_id)

    def _configuration(self, *, goes_back: bool) -> str:
        """Its name, made where it is not there; empty: the group's own."""
        rollout, target = self._want
        wanted = configuration_for(target, rollout.terms.schedule, back=rollout.back or goes_back)
        if goes_back:
            wanted = target.configuration if target.platform == "server" else Schedule("all-at-once")
        if isinstance(wanted, str):
            return wanted
        name = wanted.name(target.platform)
        if not wanted.given(target.platform):
            self._make(name, wanted)
        return name

    def _make(self, name: str, schedule: Schedule) -> None:
        try:
            configuration_of(self._desk.calls, name)
        except TargetError as error:
            if error.kind != "absent":
                raise
        else:
            return
        try:
            self._desk.calls.write(
                "CreateDeploymentConfig", ConfigMade, deploymentConfigName=name,
                computePlatform=AS_AWS[self._want.target.platform], trafficRoutingConfig=schedule.routing,
            )  # fmt: skip
        except CallError as error:
            # Another rollout made the same one in between: its name says what is in it.
            if "AlreadyExists" not in error.fact:
                raise


def _in_the_way(story: Story) -> str:
    if story.back is not None and story.back.active:
        return codedeploy_mark.words(story.back)
    if story.ours is not None and story.ours.active:
        return codedeploy_mark.words(story.ours)
    return story.foreign


def _rollback(group: Group, *, goes_back: bool) -> dict[str, Any]:
    """As the group has it. A way back that fails must not bring the bad release again: it served last."""
    settings = group.auto_rollback_configuration
    if goes_back or not settings.enabled:
        return {"enabled": False, "events": []}
    return {"enabled": True, "events": list(settings.events)}
