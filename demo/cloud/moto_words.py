"""Turns the exceptions of moto's backends into failures as AWS words them. Runs nothing by itself."""

from __future__ import annotations

from moto.core.exceptions import ServiceException

from demo.cloud.calls import Answer, Call, Failure, Operation


def in_aws_words(operation: Operation) -> Operation:
    """The same operation, failing with AWS's code where a backend of moto refuses."""

    def run(call: Call) -> Answer:
        try:
            return operation(call)
        except ServiceException as error:
            raise Failure(error.code, error.message) from error

    return run
