"""Orchestration: from a Hydra command line to run records on disk."""
