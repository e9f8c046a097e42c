"""The Hydra config tree; a package, so that it ships with the code."""
