"""Figures about Tidegate, each beside a yardstick measured in the same run. Proves nothing: tests do that."""
