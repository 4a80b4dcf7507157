"""The two views that the inside knows (rollout/ports.py: Reads, Work): the sum of the tables' files."""

from store.asks import AskReads, AskWrites
from store.audit import AuditReads, AuditWrites
from store.holds import HoldReads, HoldWrites
from store.intents import IntentReads, IntentWrites
from store.notices import NoticeWrites
from store.people import PersonReads
from store.rollouts import RolloutReads, RolloutWrites


class Looking(RolloutReads, IntentReads, AskReads, HoldReads, PersonReads, AuditReads):
    """Reading one snapshot of the ledger."""


class Writing(Looking, RolloutWrites, IntentWrites, AskWrites, HoldWrites, AuditWrites, NoticeWrites):
    """One unit of work."""
