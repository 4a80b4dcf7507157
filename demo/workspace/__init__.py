"""A Slack stand-in: a workspace on this machine that a real bot can live in, and a page to use it from."""

from demo.workspace.config import Channel, Command, Install, Limits, Person, UserGroup, WorkspaceConfig
from demo.workspace.faults import Fault
from demo.workspace.files import StoredFile
from demo.workspace.journal import Deed
from demo.workspace.knobs import AlarmStatus, AppStatus, Knob, Status, channel_knobs, slack_knobs
from demo.workspace.results import Result
from demo.workspace.scheduled import ScheduledMessage
from demo.workspace.wire import Call, Envelope, Message, View
from demo.workspace.workspace import Workspace

__all__ = [
    "AlarmStatus",
    "AppStatus",
    "Call",
    "Channel",
    "Command",
    "Deed",
    "Envelope",
    "Fault",
    "Install",
    "Knob",
    "Limits",
    "Message",
    "Person",
    "Result",
    "ScheduledMessage",
    "Status",
    "StoredFile",
    "UserGroup",
    "View",
    "Workspace",
    "WorkspaceConfig",
    "channel_knobs",
    "slack_knobs",
]
