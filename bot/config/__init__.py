"""The configuration: `tidegate.toml` and the environment in, frozen values or every mistake at once out."""

from bot.config.access import Access, read_access
from bot.config.flaws import BadConfigs, Flaw
from bot.config.load import load, load_to_run, may_act
from bot.config.model import Config

__all__ = ["Access", "BadConfigs", "Config", "Flaw", "load", "load_to_run", "may_act", "read_access"]
