"""Speed side by side: the floor, this engine and its peers, in one run on one core: `make bench`."""
