"""The driver `codedeploy`: AWS CodeDeploy moves the traffic by its own deployment configuration, we watch.

A deployment is started once (`Launch`), its waits are answered (`Continue`), it is stopped and taken back (`Stop`).
Everything else CodeDeploy does by itself, its way back too, which is a deployment of its own. What a platform needs
stands in codedeploy_server.py, codedeploy_ecs.py and codedeploy_lambda.py. Judges nothing.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import ClassVar, Final

from pydantic import ValidationError

from aws import codedeploy_plan, codedeploy_preflight, codedeploy_schedule
from aws.calls import Calls
from aws.codedeploy_course import Story, course_of
from aws.codedeploy_ecs import EcsGround
from aws.codedeploy_ground import Asked, Ground, Sides
from aws.codedeploy_hands import Hands
from aws.codedeploy_lambda import LambdaGround
from aws.codedeploy_look import Eyes, Want
from aws.codedeploy_reads import calls_of, desk
from aws.codedeploy_server import ServerGround
from aws.codedeploy_target import OPERATIONS, SERVICES, CodeDeployTarget, Platform
from aws.driver import failed, misfit, only_seen
from aws.ecs_commits import OPTIONAL
from aws.faults import CallError
from aws.sessions import Place, Sessions
from rollout.actions import Action, Continue, Launch, Outcome, Shift, Stop
from rollout.course import Course, CourseStage
from rollout.errors import TargetError, TidegateError
from rollout.forecast import Configured
from rollout.model import Rollout
from rollout.plan import Plan
from rollout.ports import Capabilities, Clock, TargetModel
from rollout.release import Check, Prepared
from rollout.seen import Seen

BY_ITSELF: Final = "AWS moves the traffic by itself"


class CodeDeploy:
    """A look is one call for 25 deployments, one for the targets of each, and what its platform needs."""

    kind: ClassVar[str] = "codedeploy"
    Target: ClassVar[type[TargetModel]] = CodeDeployTarget
    capabilities: ClassVar[Capabilities] = Capabilities(weights="watch", pausable=False, launches=False)
    operations: ClassVar[Mapping[str, str]] = OPERATIONS

    def __init__(self, sessions: Sessions, clock: Clock) -> None:
        self._sessions = sessions
        self._clock = clock
        self._eyes = Eyes(sessions)
        self._grounds: Mapping[Platform, Ground] = {
            "server": ServerGround(sessions), "ecs": EcsGround(sessions), "lambda": LambdaGround(sessions, clock),
        }  # fmt: skip

    @classmethod
    def misfit(cls, target: TargetModel, plan: Plan) -> str:
        """Why CodeDeploy cannot step through that plan by itself, or empty. Offline."""
        return codedeploy_schedule.misfit(_mine(target), plan)

    @classmethod
    def bounds(cls, target: TargetModel, plan: Plan) -> tuple[str, ...]:
        """Where what CodeDeploy does differs from what the plan says. Offline."""
        return codedeploy_schedule.bounds(_mine(target), plan)

    @classmethod
    def needs(cls, target: TargetModel) -> Mapping[str, str]:
        """What its platform needs: nobody is asked for permissions over what it does not have."""
        mine = _mine(target)
        services = {"codedeploy", "cloudwatch", *SERVICES[mine.platform]}
        if not mine.bucket:
            services.discard("s3")
        needed = {action: resource for action, resource in OPERATIONS.items() if action not in OPTIONAL}
        return {action: resource for action, resource in needed.items() if action.split(":")[0] in services}

    def prepare(self, rollout: Rollout) -> Prepared:
        """Pin what was asked for, say what would change, check that the group can deploy it now. Read only."""
        target = _target(rollout)
        one = desk(self._sessions, target)
        group, checks = codedeploy_preflight.survey(one)
        checks += codedeploy_preflight.configuration(one, rollout)
        active = codedeploy_preflight.active_of(one)
        checks += codedeploy_preflight.asking(target, group, rollout)
        over = rollout.overridden is not None
        checks += codedeploy_preflight.red(self._alarms(target), group, back=rollout.back, overridden=over)
        prepared = self._grounds[target.platform].prepare(rollout, target, group)
        checks += codedeploy_preflight.busy(target, active, prepared.stable.id)
        return prepared.model_copy(
            update={"checks": (*checks, *prepared.checks), "alarms": group.alarm_configuration.names}
        )

    def examine(self, target: TargetModel) -> Sequence[Check]:
        """Whether its names exist, what CodeDeploy does by itself, what a rollout would meet. Read only."""
        mine = _mine(target)
        one = desk(self._sessions, mine)
        group, checks = codedeploy_preflight.survey(one)
        checks += codedeploy_preflight.named_configuration(one, mine.configuration)
        busy = codedeploy_preflight.busy(mine, codedeploy_preflight.active_of(one), "")
        checks += [check.model_copy(update={"state": "warn"}) for check in busy]  # perhaps a live rollout of ours
        checks += codedeploy_preflight.red(self._alarms(mine), group, back=True)
        return (*self._grounds[mine.platform].examine(mine, group), *checks)

    def configured(self, target: TargetModel) -> Configured:
        """What CodeDeploy does by the group's own configuration, or by the one that the target names."""
        return codedeploy_plan.configured_of(desk(self._sessions, _mine(target)))

    def observe(self, rollouts: Sequence[Rollout]) -> Mapping[int, Seen]:
        """How far each deployment is, and who gets how much."""
        return only_seen(self.look(rollouts))

    def look(self, rollouts: Sequence[Rollout]) -> Mapping[int, Seen | TargetError]:
        """The same, with a reason for each that could not be read."""
        looks: dict[int, Seen | TargetError] = {}
        places: dict[Place, list[Want]] = defaultdict(list)
        for rollout in rollouts:
            try:
                target = _target(rollout)
            except TargetError as error:
                looks[rollout.id] = error
            else:
                places[Place(target.iam_role, target.region)].append(Want(rollout, target))
        for wants in places.values():
            looks |= self._look_at(wants)
        return looks

    def perform(self, rollout: Rollout, action: Action, key: str) -> Outcome:
        """Start, answer or stop; what CodeDeploy does by itself is not asked for."""
        if isinstance(action, Shift):
            hint = "it follows its deployment configuration; roll back to stop it"
            return Outcome(state="failed", text=BY_ITSELF, hint=hint)
        if not isinstance(action, Launch | Continue | Stop):
            return Outcome(state="done", text="CodeDeploy removes the old side by itself")
        try:
            target = _target(rollout)
            ground = self._grounds[target.platform]
            hands = Hands(self._eyes, ground, Want(rollout, target), self._clock.now())
            if isinstance(action, Launch):
                return hands.launch(action.release, key)
            return hands.go_on(action.wait) if isinstance(action, Continue) else hands.stop()
        except CallError as error:
            return failed(error)
        except TidegateError as error:  # NotFound, too: a group may have been deleted meanwhile
            return Outcome(state="failed", text=error.fact, hint=error.hint)

    def _look_at(self, wants: Sequence[Want]) -> dict[int, Seen | TargetError]:
        at = self._clock.now()  # before the reads: what is seen is at least as new as it says
        looks: dict[int, Seen | TargetError] = {}
        grounds: dict[Platform, list[Asked]] = defaultdict(list)
        stories = self._eyes.stories(wants)
        for want in wants:
            story = stories[want.rollout.id]
            if isinstance(story, Story):
                grounds[want.target.platform].append(Asked(want.rollout, want.target, story))
            else:
                looks[want.rollout.id] = story
        for platform, asked in grounds.items():
            found = self._grounds[platform].see(asked)
            for one in asked:
                sides = found[one.rollout.id]
                if isinstance(sides, Sides):
                    course = _kept(course_of(one.story, sides.percent, at), one.rollout)
                    looks[one.rollout.id] = Seen(at=at, course=course, **sides._asdict())
                else:
                    looks[one.rollout.id] = sides
        return looks

    def _alarms(self, target: CodeDeployTarget) -> Calls:
        return calls_of(self._sessions, target, "cloudwatch")


def _kept(course: Course, rollout: Rollout) -> Course:
    """Targets of what has ended well are not read again: its stages are those that were seen, and done."""
    before = rollout.seen.course if rollout.seen is not None else None
    if course.stages or course.state != "done" or before is None or before.id != course.id:
        return course
    done = tuple(CourseStage(name=stage.name, state="done") for stage in before.stages)
    return course.model_copy(update={"stages": done})


def _target(rollout: Rollout) -> CodeDeployTarget:
    try:
        return CodeDeployTarget.model_validate(rollout.terms.settings)
    except ValidationError as error:
        raise misfit(rollout, error) from None


def _mine(target: TargetModel) -> CodeDeployTarget:
    return CodeDeployTarget.model_validate(target.model_dump(mode="json"))
