"""GetMetricWidgetImage: refused until it is switched on, then a picture of the metric store.

Refused by default, so that the demo shows what a bot draws by itself.
"""

from __future__ import annotations

from dataclasses import dataclass

from demo.cloud.calls import Answer, Call, Failure, Operations
from demo.cloud.clock import Now
from demo.cloud.fault_words import failure
from demo.cloud.metrics import MetricStore, epoch
from demo.cloud.queries import values_of
from demo.cloud.widget import BadWidget, read_widget
from demo.cloud.widget_image import picture


@dataclass
class WidgetApi:
    """The one operation over one metric store."""

    store: MetricStore
    now: Now
    on: bool = False

    def operations(self) -> Operations:
        """The operations answered here."""
        return {"GetMetricWidgetImage": self.get_image}

    def get_image(self, call: Call) -> Answer:
        """A PNG; refuses like IAM while switched off, and every widget that cannot be drawn."""
        if not self.on:
            raise failure("deny", call)
        if call.parameters.get("OutputFormat", "png") != "png":
            raise Failure("ValidationError", "OutputFormat is not known to the embedded cloud but for png")
        try:
            widget = read_widget(call.parameters["MetricWidget"], (call.account, call.region), self.now())
        except BadWidget as error:
            raise Failure("ValidationError", str(error)) from error
        queries = [row.query for row in widget.rows]
        start, end = epoch(widget.start), epoch(widget.end)
        series = {query.id: values_of(self.store, queries, query, start, end) for query in queries if query.shown}
        return Answer({"MetricWidgetImage": picture(widget, series)})
