"""Starts, continues and stops deployments that ECS runs itself. Every action reads first what stands; decides nothing.

None of these calls has a token. What makes an action one effect is what is read before it: a deployment of that release
since the rollout began, a service that is asked for it already, a hook that waits no longer, an end.
"""

from typing import Any, Final

from aws.calls import Calls
from aws.driver import failed
from aws.ecs_definition import short
from aws.ecs_revisions import revision_of
from aws.faults import CallError
from aws.native_course import Own, began
from aws.native_left import same
from aws.native_look import NativeEyes, Want
from aws.native_reads import read_natives
from aws.native_replies import Answered, Native, NativeUpdated
from aws.native_schedule import homeward, schedule_of, watching
from aws.native_seen import Sight, Snapshot
from rollout.actions import Action, Continue, Launch, Outcome, Shift, Stop
from rollout.errors import TargetError

GOES_BACK: Final = ("STOP_REQUESTED", "ROLLBACK_REQUESTED", "ROLLBACK_IN_PROGRESS")


class NativeHands:
    """One action for one rollout."""

    def __init__(self, eyes: NativeEyes, one: Want) -> None:
        self._eyes = eyes
        self._one = one
        self._target = one.target
        self._calls: Calls = eyes.ecs(one.target, one.target.service)
        self._done: list[str] = []

    def do(self, action: Action) -> Outcome:
        """Do it, once. What was done before a later call failed is said: then it is not sure that nothing changed."""
        try:
            if isinstance(action, Launch):
                return self._launch(action.release)
            if isinstance(action, Continue):
                return self._continue(action.wait)
            if isinstance(action, Stop):
                return self._stop()
        except CallError as error:
            return self._broken(failed(error))
        except TargetError as error:
            return self._broken(Outcome(state="failed", text=error.fact, hint=error.hint))
        if isinstance(action, Shift):
            return Outcome(
                state="failed", text="AWS moves the traffic here by itself", hint="continue or stop its deployment"
            )
        return Outcome(state="done", text="AWS removes the old side by itself")

    def _broken(self, outcome: Outcome) -> Outcome:
        if not self._done:
            return outcome
        return outcome.model_copy(update={"state": "unknown", "text": f"{'; '.join(self._done)}; then {outcome.text}"})

    # --- launch

    def _launch(self, name: str) -> Outcome:
        known = {release.id: release for release in (self._one.stable, self._one.candidate)}
        if name not in known:
            raise TargetError("state", f"{name} is no release of this rollout", ", ".join(known))
        release, forward = known[name], name != self._one.stable.id
        sight = self._eyes.closely(self._one, every=True)
        if there := self._there(sight, forward=forward):
            return Outcome(state="done", text=there)
        self._refuse_busy(sight)
        definition = revision_of(self._calls, self._eyes.marks, release, lambda told, _: self._done.append(told))
        fleet = sight.fleet
        asked: dict[str, Any] = {"taskDefinition": definition}
        if configuration := self._configuration(sight, forward=forward):
            asked["deploymentConfiguration"] = configuration
        if fleet.task_definition == definition:
            # A deployment of it that went back left the service asked for it: alone, that would start none.
            asked["forceNewDeployment"] = True
        reply = self._calls.write(
            "UpdateService", NativeUpdated, cluster=self._target.cluster, service=self._target.service, **asked
        )
        request = reply.response_metadata.request_id
        if reply.service.task_definition != definition:
            fact = f"asked for {short(definition)}, AWS answered {short(reply.service.task_definition)}"
            raise CallError("unknown", fact, "the next look tells", request_id=request)
        strategy = reply.service.configuration.strategy
        self._done.append(f"{fleet.service_name} is asked for {short(definition)}, by {strategy}")
        return Outcome(state="done", text="; ".join(self._done), request_id=request)

    def _there(self, sight: Sight, *, forward: bool) -> str:
        """What makes the call needless, in words; empty where it has to be sent."""
        own = sight.newest
        if forward and own is not None:
            return f"it was started already: {_words(own)}"
        if not forward and own is not None and not sight.half_back and (
            (own.forward and own.state in ("going_back", "back")) or (not own.forward and own.state != "failed")
        ):
            return f"it goes back already, or has: {_words(own)}"
        # The reply was lost, and AWS does not list the deployment yet: the service shows that it was asked.
        if forward and sight.asked[1]:
            found = Snapshot.model_validate(self._one.rollout.snapshot)
            if not self._eyes.runs(self._target, self._one.candidate, found.definition or sight.fleet.task_definition):
                return "the service is asked for it already; AWS does not show the deployment yet"
        if not forward and sight.asked[0] and own is not None and own.state == "done" and own.forward:
            return "the service is asked for it already; AWS does not show the deployment yet"
        return ""

    def _refuse_busy(self, sight: Sight) -> None:
        """One deployment would supersede the other: never somebody else's, and one of ours is stopped first."""
        if other := sight.under_way:
            fact = f"a deployment that is not of this rollout is under way: {began(other.native, other.definition)}"
            raise TargetError("busy", fact, "wait until it has ended, or stop it")
        if sight.newest and not sight.newest.native.ended:
            raise TargetError("busy", f"the deployment is under way: {_words(sight.newest)}", "stop it first")

    def _configuration(self, sight: Sight, *, forward: bool) -> dict[str, Any]:
        """What the deployment needs beside its task definition; empty: the service's own configuration is right.

        A way back is at once and asks nobody: ECS runs no hooks when it goes back by itself either.
        """
        live, rollout = sight.fleet.as_configured, self._one.rollout
        if not forward or rollout.back:
            wanted = homeward(live, bakes=forward)
        else:
            own, plan = self._own_again() or live, rollout.terms.schedule
            wanted = own if plan is None else schedule_of(plan).configuration(own)
            if rollout.overridden is not None:
                # With one that is red at the start ECS watches none: a second person's word leaves those out (S13).
                wanted = watching(wanted, rollout.known_red)
        return {} if same(wanted, live) else wanted

    def _own_again(self) -> dict[str, Any]:
        """The service's own configuration where an earlier way back replaced it; empty where nobody did."""
        arn = Snapshot.model_validate(self._one.rollout.snapshot).restore
        if not arn:
            return {}
        before = read_natives(self._calls, [arn])[arn]
        if isinstance(before, TargetError):
            raise before
        return before.as_configured

    # --- continue, stop

    def _continue(self, wait: str) -> Outcome:
        own = self._eyes.closely(self._one).newest
        if own is None or not _awaits(own.native, wait):
            return Outcome(state="done", text=f"nothing waits there any more{_now(own)}")
        try:
            reply = self._calls.write(
                "ContinueServiceDeployment", Answered, serviceDeploymentArn=own.native.service_deployment_arn,
                # Left out it would mean CONTINUE as well; said, it cannot come to mean something else.
                hookId=wait, action="CONTINUE",
            )  # fmt: skip
        except CallError as error:
            return self._after(error, wait)
        return self._answered(reply, own, f"{own.native.id} goes on from {own.native.lifecycle_stage or 'its pause'}")

    def _stop(self) -> Outcome:
        own = self._under_way() or self._eyes.closely(self._one).newest
        if own is None:
            raise TargetError("state", "AWS shows no deployment of this rollout", "the next look tells")
        if not own.forward or own.native.ended or own.native.status in GOES_BACK:
            return Outcome(state="done", text=f"nothing is left to stop{_now(own)}")
        try:
            # While a hook pauses, too: AWS takes it whenever a deployment is pending or in progress, and an answer to
            # the hook would come too late where it times out in between.
            reply = self._calls.write(
                "StopServiceDeployment", Answered, serviceDeploymentArn=own.native.service_deployment_arn,
                stopType="ROLLBACK",
            )  # fmt: skip
        except CallError as error:
            return self._after(error)
        return self._answered(reply, own, f"{own.native.id} goes back")

    def _under_way(self) -> Own | None:
        """The deployment of the candidate that the last look showed, by one call: no other read has to work to stop it.

        None where it is not known, or has ended: then something newer may be there.
        """
        seen, candidate = self._one.rollout.seen, self._one.candidate.id
        if seen is None or seen.course is None or not self._one.known or seen.course.release != candidate:
            return None
        native = read_natives(self._calls, [self._one.known])[self._one.known]
        if isinstance(native, TargetError):
            raise native
        return None if native.ended else Own(native, candidate, forward=True)

    def _after(self, error: CallError, wait: str = "") -> Outcome:
        """AWS refused: where that is because it is so already, it is done."""
        if error.kind not in ("race", "config", "state", "done"):
            raise error
        own = (None if wait else self._under_way()) or self._eyes.closely(self._one).newest
        if own is not None and (not _awaits(own.native, wait) if wait else own.state not in ("running", "waiting")):
            return Outcome(state="done", text=f"it is so already{_now(own)}", request_id=error.request_id)
        raise error

    def _answered(self, reply: Answered, own: Own, text: str) -> Outcome:
        request = reply.response_metadata.request_id
        if reply.service_deployment_arn != own.native.service_deployment_arn:
            fact = f"asked about {own.native.id}, AWS answered {short(reply.service_deployment_arn)}"
            raise CallError("unknown", fact, "the next look tells", request_id=request)
        return Outcome(state="done", text=text, request_id=request)


def _awaits(native: Native, wait: str) -> bool:
    return native.status == "IN_PROGRESS" and any(
        hook.hook_id == wait and hook.status == "AWAITING_ACTION" for hook in native.lifecycle_hook_details
    )


def _words(own: Own) -> str:
    return f"{own.native.id} of {own.release}, {own.native.status}"


def _now(own: Own | None) -> str:
    return f": {_words(own)}" if own else ""
