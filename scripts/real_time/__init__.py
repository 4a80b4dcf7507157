"""Rollouts in the minutes that people wait: `make real-time`. Writes docs/real-time.md.

Nothing here decides anything about a rollout: it types, presses, turns knobs, and writes down what it saw.
"""
