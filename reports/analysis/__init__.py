"""What runs show, as pure functions: arrays of runs in, estimates with intervals and relations out."""
