"""The task definition of a release: the one that it was pinned to, one of its content that is there, or a new one."""

from collections.abc import Callable

from aws.calls import Calls
from aws.ecs_definition import short
from aws.ecs_reads import Marks, definition_of, made
from aws.ecs_replies import Described
from rollout.errors import TargetError
from rollout.release import Release

Note = Callable[[str, str], None]
"""Takes what was done, and AWS's id of the request."""


def revision_of(ecs: Calls, marks: Marks, release: Release, note: Note) -> str:
    """Its ARN. What is registered is noted before it is compared: from then on it is not so that nothing changed."""
    known = release.pinned.get("task_definition")
    if known:
        return known
    base, container, image = (release.pinned[name] for name in ("from", "container", "image"))
    wanted = marks.of(ecs, base).with_image(container, image)
    found = marks.find(ecs, short(base).rpartition(":")[0], wanted)
    if found:
        return found
    request = definition_of(ecs, base).with_image(container, image).request()
    reply = ecs.write("RegisterTaskDefinition", Described, **request)
    note(f"a revision of {request['family']} is registered", reply.response_metadata.request_id)
    new = made(reply)
    if new.mark != wanted:
        raise TargetError("state", f"{new.words} was registered with another content than was asked for")
    return new.arn
