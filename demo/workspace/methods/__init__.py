"""The Web API methods of the stand-in, by name. A method answers or raises SlackError."""

from __future__ import annotations

from collections.abc import Callable

from demo.workspace.core import Core
from demo.workspace.methods import chat, directory, files, schedule, views
from demo.workspace.wire import Json

Method = Callable[[Core, Json], Json]

METHODS: dict[str, Method] = {
    **chat.METHODS,
    **directory.METHODS,
    **files.METHODS,
    **schedule.METHODS,
    **views.METHODS,
}

CHANGING = frozenset(
    ("chat.postMessage", "chat.update", "chat.postEphemeral", "chat.delete",
     "chat.scheduleMessage", "chat.deleteScheduledMessage",
     "files.getUploadURLExternal", "files.completeUploadExternal", "files.delete",
     "views.open", "views.push", "views.update", "views.publish")
)  # fmt: skip
"""The methods whose calls carry `applied_at` in the log when they change the workspace."""
