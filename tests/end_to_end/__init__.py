"""The whole: a real bot process between a stand-in workspace and an embedded cloud."""
