"""All rows, in the order of the document."""

from tests.faults.row import Row
from tests.faults.rows import (
    alarms,
    clocks,
    cloud,
    configuration,
    durable,
    edits,
    histories,
    processes,
    requests,
    servers,
    sides,
    words,
)

FAMILIES = (alarms, cloud, servers, edits, histories, sides, configuration, durable, clocks, requests, words, processes)
ROWS: tuple[Row, ...] = tuple(sorted((row for family in FAMILIES for row in family.ROWS), key=lambda row: row.id))
BY_ID = {row.id: row for row in ROWS}
