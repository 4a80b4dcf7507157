"""May this version of a launch template ship on these two Auto Scaling groups? What would go wrong later. No calls."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from aws.alb_facts import group_name
from aws.ec2_replies import Pool, TemplateRef, TemplateVersion
from aws.faults import clip
from aws.pair_limits import floor_of
from aws.pair_seen import Sight, crews_of
from rollout.errors import TargetError
from rollout.release import Check, Release

NEEDED: Final = ("Launch", "Terminate", "AddToLoadBalancer")
"""Processes without which no side comes up or goes."""
SYMBOLS: Final = ("$Latest", "$Default")


def pools(sight: Sight) -> list[Check]:
    """Whether the two groups can be the two sides of a rollout."""
    stable, candidate = crews_of(sight, Pool)
    both = zip((stable, candidate), sight.sides.groups, strict=True)
    checks = [check for pool, group in both for check in _pool(pool, group)]
    if not stable.desired_capacity:
        text = f"{stable.name} serves and is asked for no instance: nobody knows how many the other side needs"
        checks.append(_fail("count", text, "scale it to what carries its traffic"))
    if stable.old:
        told = ", ".join(sorted({one.launch_template.words if one.launch_template else "none" for one in stable.old}))
        text = f"{stable.name} starts {stable.runs}, and some of its instances run {told}"
        checks.append(_fail("mixed", text, "finish its instance refresh first: it is not clear what serves"))
    return [*checks, *_limits(sight, (stable, candidate))]


def serving(pool: Pool) -> TemplateRef:
    """The version of the launch template that serves. TargetError where a number does not say it."""
    template = pool.launch_template
    if template is None:
        what = "a mixed instances policy" if pool.mixed_instances_policy else "no launch template"
        raise TargetError("config", f"{pool.name} has {what}, expected a launch template", "give it one by number")
    if template.version in SYMBOLS:
        fact = f"{pool.name} follows {template.words}: what it starts next is not what serves"
        raise TargetError("config", fact, "give the group the number of the version that serves")
    return template


def release(version: TemplateVersion, group: str, crew: str) -> Release:
    """A version, pinned. `digest`: the image is the same in every environment, a number is not."""
    pinned = {
        "template": version.launch_template_id, "template_name": version.launch_template_name,
        "version": str(version.version_number), "digest": version.image,
        "auto_scaling_group": crew, "target_group": group,
    }  # fmt: skip
    return Release(
        id=str(version.version_number), pinned={key: value for key, value in pinned.items() if value},
        published_at=version.create_time, description=version.version_description,
    )  # fmt: skip


def differences(old: TemplateVersion, new: TemplateVersion) -> tuple[str, ...]:
    """What will ship, in a person's words. That the user data differ, never what is in them."""
    made = f", made {new.create_time:%Y-%m-%d %H:%M} UTC" if new.create_time else ""
    told = [f"description: {clip(new.version_description)}"] if new.version_description else []
    before, after = old.launch_template_data, new.launch_template_data
    lines = [f"launch template {old.words} → {new.words}{made}", *told, *_changed(before, after)]
    return tuple(lines)


def _changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    shown = {
        "ImageId": "image", "InstanceType": "instance type", "KeyName": "key", "SecurityGroupIds": "security groups",
        "IamInstanceProfile": "role", "EbsOptimized": "EBS optimised",
    }  # fmt: skip
    for key, what in shown.items():
        if before.get(key) != after.get(key):
            yield f"{what} {_told(before.get(key))} → {_told(after.get(key))}"
    if before.get("UserData") != after.get("UserData"):
        yield "user data changed"
    others = sorted(key for key in before.keys() | after.keys()
                    if key not in shown and key != "UserData" and before.get(key) != after.get(key))  # fmt: skip
    if others:
        yield f"changed: {', '.join(others)}"


def _told(value: Any) -> str:
    if isinstance(value, Mapping):
        return clip(str(next(iter(value.values()), "none"))).rsplit("/", 1)[-1]
    if isinstance(value, list | tuple):
        return clip(", ".join(map(str, value))) or "none"
    return clip(str(value)) if value not in (None, "") else "none"


def _pool(pool: Pool, group: str) -> Iterator[Check]:
    if pool.status:
        yield _fail("group", f"{pool.name}: {clip(pool.status, 60)}", "it must not be deleted")
    if group not in pool.target_group_arns:
        has = ", ".join(group_name(one) for one in pool.target_group_arns) or "none"
        text = f"the instances of {pool.name} are in the target group {has}, expected {group_name(group)}"
        yield _fail("targets", text, "correct the configuration or the group")
    if pool.mixed_instances_policy:
        text = f"{pool.name} has a mixed instances policy, expected a launch template"
        yield _fail("template", text, "give it a launch template by number")
    stopped = {one.process_name for one in pool.suspended_processes}
    if broken := sorted(stopped & set(NEEDED)):
        text = f"{pool.name} has suspended {', '.join(broken)}: no instance comes or goes"
        yield _fail("suspended", text, "resume what is suspended")
    if pool.health_check_type != "ELB":
        text = f"{pool.name} does not replace instances that fail the load balancer's health checks"
        yield Check(name="checks", state="warn", text=text, hint="give it the health check type ELB")


def _limits(sight: Sight, both: tuple[Pool, Pool]) -> Iterator[Check]:
    for pool in both:
        if pool.max_size < sight.size:
            text = f"{pool.name} may have {pool.max_size} instances at most, all traffic needs {sight.size}"
            yield _fail("limits", text, "raise its largest size")
    idle = floor_of(sight.now, "candidate", sight.floor)
    if idle > sight.floor:
        text = f"the idle side keeps {idle} instances: {both[1].name} has them as its least size"
        yield Check(name="idle", state="warn", text=text, hint="give the idle group a least size of 0")


def _fail(name: str, text: str, hint: str) -> Check:
    return Check(name=name, state="fail", text=text, hint=hint)
