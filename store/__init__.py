"""Memory: the ledger, the outbox, the directory and the locks, in one SQLite file. No rule of a rollout lives here."""

from store.opened import Store, open_store

__all__ = ["Store", "open_store"]
