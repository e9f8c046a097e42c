"""The sweep that one would write with PyTorch and Hydra alone; it shares no code with this project."""
