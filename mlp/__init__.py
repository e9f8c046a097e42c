"""Small neural networks in NumPy: activations, losses, layers, optimisers, data sets and the training loop."""
