"""May this release ship on these two services? What AWS or a rollout would stumble over later. No calls."""

from collections.abc import Sequence
from typing import Final

from aws.alb_facts import group_name
from aws.ecs_definition import Definition, short
from aws.ecs_images import parse
from aws.ecs_reads import resource
from aws.ecs_replies import Fleet
from aws.faults import clip
from aws.pair_limits import floor_of
from aws.pair_seen import Sight, crews_of
from rollout.errors import TargetError
from rollout.release import Check

NATIVE: Final = ("BLUE_GREEN", "LINEAR", "CANARY")


def services(sight: Sight) -> list[Check]:
    """Whether the two services can be the two sides of a rollout."""
    stable, candidate = crews_of(sight, Fleet)
    sides = zip((stable, candidate), sight.sides.groups, strict=True)
    checks = [check for one, group in sides for check in _service(one, group)]
    if not stable.desired_count:
        text = f"{stable.service_name} serves and is asked for no task: nobody knows how many the other side needs"
        checks.append(_fail("count", text, "scale it to what carries its traffic"))
    return [*checks, *_unlike(stable, candidate)]


def limits(sight: Sight) -> list[Check]:
    """Whether autoscalers leave room for a second side, and what a side costs while it is idle."""
    if isinstance(sight.limits, TargetError):
        return [_fail("limits", sight.limits.fact, sight.limits.hint)]
    checks = []
    for key in sight.keys:
        found = sight.limits.get(key)
        if found is not None and found.most < sight.size:
            text = f"{key} scales by itself to {found.most} tasks at most, all traffic needs {sight.size}"
            checks.append(_fail("limits", text, f"raise the largest size of {resource(key)}"))
    idle = floor_of(sight.now, "candidate", sight.floor)
    if idle > sight.floor:
        text = f"the idle side keeps {idle} tasks: its scalable target has them as its least size"
        checks.append(Check(name="idle", state="warn", text=text, hint="give the idle service a least size of 0"))
    return checks


def definition(new: Definition, container: str, service: Fleet) -> list[Check]:
    """Whether the task definition can run in the service that it would go to."""
    checks = []
    if new.contents.status == "INACTIVE":
        checks.append(_fail("definition", f"{new.words} is deregistered", "register it again, or name another"))
    for one in service.load_balancers:
        held = new.containers.get(one.container_name)
        if held is None or one.container_port not in [port.container_port for port in held.port_mappings]:
            text = f"{service.service_name} sends to port {one.container_port} of the container {one.container_name}"
            checks.append(_fail("container", f"{text}, which {new.words} does not have", "name another revision"))
    image = parse(new.containers[container].image)
    if image is not None and not image.digest:
        text = f"{new.words} names its image by the tag {image.tag or 'latest'}, which may move"
        checks.append(Check(name="tag", state="warn", text=text, hint="name a tag or digest instead: it is pinned"))
    return checks


def live(old: Definition, container: str) -> list[Check]:
    """Whether going back goes back to the same code."""
    image = parse(old.containers[container].image)
    if image is None or image.digest:
        return []
    text = f"{old.words} serves its image by the tag {image.tag or 'latest'}: if that moves, so does a way back"
    return [Check(name="live tag", state="warn", text=text, hint="from the next rollout on it is pinned")]


def _service(service: Fleet, group: str) -> list[Check]:
    name = service.service_name
    checks = []
    if service.status != "ACTIVE":
        checks.append(_fail("service", f"the service {name} is {clip(service.status, 40)}", "it must be ACTIVE"))
    if group not in service.groups:
        has = ", ".join(group_name(one) for one in service.groups) or "none"
        text = f"the tasks of {name} are in the target group {has}, expected {group_name(group)}"
        checks.append(_fail("group", text, "correct the configuration or the service"))
    elif len(service.groups) > 1:
        more = ", ".join(group_name(one) for one in service.groups if one != group)
        text = f"the tasks of {name} are in {more} too, whose traffic is not moved"
        checks.append(Check(name="group", state="warn", text=text))
    return [*checks, *_controller(service), *_under_way(service)]


def _controller(service: Fleet) -> list[Check]:
    """Only where ECS itself starts tasks and nothing but us moves traffic."""
    name, controller = service.service_name, service.deployment_controller.type
    strategy = service.deployment_configuration.strategy
    if controller != "ECS" or service.task_sets:
        text = f"{name} has the deployment controller {clip(controller, 40)}, expected ECS"
        return [_fail("controller", text, "services of CodeDeploy or task sets are deployed otherwise")]
    if strategy in NATIVE:
        text = f"{name} has the deployment strategy {strategy}, which moves traffic itself; expected ROLLING"
        return [_fail("controller", text, "set it to ROLLING")]
    if service.scheduling_strategy != "REPLICA":
        text = f"{name} has the scheduling strategy {clip(service.scheduling_strategy, 40)}, expected REPLICA"
        return [_fail("controller", text, "a number of tasks cannot be asked of it")]
    breaker = service.deployment_configuration.deployment_circuit_breaker
    if breaker.enable and breaker.rollback:
        text = f"the circuit breaker of {name} goes back to the task definition before by itself"
        return [Check(name="breaker", state="warn", text=text, hint="turn its rollback off: Tidegate goes back")]
    return []


def _under_way(service: Fleet) -> list[Check]:
    others = [one for one in service.deployments if one.status != "PRIMARY"]
    now = [one for one in service.deployments if one.rollout_state == "IN_PROGRESS"]
    if not others and not now:
        return []
    told = ", ".join(dict.fromkeys(short(one.task_definition) for one in service.deployments))
    text = f"a deployment of {service.service_name} is in progress: {told}"
    return [_fail("deployment", text, "wait until it has ended, then ask again")]


def _unlike(stable: Fleet, candidate: Fleet) -> list[Check]:
    """What differs beside the task definition would be taken for the release's doing."""
    def net(service: Fleet) -> tuple[Sequence[str], Sequence[str]]:
        network = service.network_configuration.awsvpc_configuration
        return sorted(network.subnets), sorted(network.security_groups)

    unlike = [
        what
        for what, before, after in (
            ("launch type", stable.launch_type, candidate.launch_type),
            ("subnets", net(stable)[0], net(candidate)[0]),
            ("security groups", net(stable)[1], net(candidate)[1]),
        )
        if before != after
    ]
    if not unlike:
        return []
    text = f"{stable.service_name} and {candidate.service_name} differ in {', '.join(unlike)}"
    return [Check(name="unlike", state="warn", text=text, hint="make both services alike")]


def _fail(name: str, text: str, hint: str) -> Check:
    return Check(name=name, state="fail", text=text, hint=hint)
