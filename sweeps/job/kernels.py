"""Multiply once, and print by which kernels of BLAS: `python -m sweeps.job.kernels`.

A process of its own asks it: by kernels whose instructions a processor lacks, it dies of the product.
"""

import numpy as np

from sweeps.job.provenance import provenance

SIDE = 64  # above the smallest products, which may have kernels of their own

if __name__ == "__main__":
    square = np.ones((SIDE, SIDE), dtype=np.float32)
    if np.all(square @ square == SIDE):
        print(provenance()["blas_architecture"])
