"""The inside of Tidegate: what a rollout is, what may happen to it, and what happens next.

Pure: values in, values out. Never here: I/O, a clock, randomness, threads, Slack, AWS, SQL.
"""
