"""Small neural networks in NumPy: activations, losses, layers, optimisers, data sets, the training loop."""
