"""One file per family of rows. ROWS of each is joined in tests/faults/table.py."""
