"""All rows, in the order of the document."""

from tests.faults.row import Row
from tests.faults.rows import alarms, clocks, cloud, durable, processes, requests, words

ROWS: tuple[Row, ...] = tuple(sorted((*alarms.ROWS, *cloud.ROWS, *durable.ROWS, *clocks.ROWS, *requests.ROWS, *words.ROWS, *processes.ROWS), key=lambda row: row.id))
BY_ID = {row.id: row for row in ROWS}
