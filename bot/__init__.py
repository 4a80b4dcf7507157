"""The process: configuration, command line, logs, lanes, outbox, HTTP edge. It alone knows the other rooms.

Never here: rules of a rollout, Slack's language, AWS calls, SQL.
"""
