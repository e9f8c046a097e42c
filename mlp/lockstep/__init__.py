"""Runs that see the same batches, trained together: a batch is made once for all of them.

Group → stacks → networks: networks of one shape that are small are put side by side in a stack, so that a
step costs one call for all of them where it would cost each of them one. The arithmetic of each stays what it
is alone, product by product, so that a run ends with the same bits in whatever group it was.
"""

from mlp.lockstep.group import Lockstep

__all__ = ["Lockstep"]
