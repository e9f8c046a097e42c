"""The beginning of a program that kills itself at the n-th of its `mortal` calls; n is its first argument."""

MORTAL = """
import os, signal, sys
from pathlib import Path
left = [int(sys.argv.pop(1))]
def mortal(function):
    def call(*arguments, **options):
        left[0] -= 1
        if not left[0]:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*arguments, **options)
    return call
"""
