"""What studies measure that is no run of a sweep, kept beside the runs as `measured/*.csv`."""
