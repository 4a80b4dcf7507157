"""Slack's language, both ways: payloads become asks, rollouts become Block Kit. Calls nobody but the desk."""
