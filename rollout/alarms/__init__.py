"""Alarms all day: what changed, what is one notice, who has it, what a summary says. Nothing here moves traffic."""
