"""Faults played against the real thing, counted, and judged from outside: what docs/reliability.md is made of."""
