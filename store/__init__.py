"""Memory: ledger, outbox, directory and locks, in one SQLite file. No rule of a rollout lives here."""

from store.alert_places import AlertPlace, AlertPlaces
from store.cards import CardPlace
from store.digests import Digests, Slot
from store.faults import StoreBusy, StoreClosed, StoreFault, StoreFull
from store.lock import Lock, hold_lock, holder, lock_is_held
from store.opened import Store, open_store
from store.outbox import Outbox, Queued
from store.pages import Page
from store.people import People
from store.reloads import Reloaded, Reloads, ReloadWish

__all__ = [
    "AlertPlace", "AlertPlaces", "CardPlace", "Digests", "Lock", "Outbox", "Page", "People", "Queued", "ReloadWish",
    "Reloaded", "Reloads", "Slot", "Store", "StoreBusy", "StoreClosed", "StoreFault", "StoreFull", "hold_lock",
    "holder", "lock_is_held", "open_store",
]  # fmt: skip
