"""Claims as data: read from a file, tested on the runs of a sweep, and judged."""
