"""Every card there is a sample of, by name."""

from rollout.reports import CardView
from tests.handlers.samples import OURS
from tests.handlers.tried_samples import TRIED
from tests.handlers.watched_samples import WATCHED

CARDS: dict[str, CardView] = OURS | WATCHED | TRIED
