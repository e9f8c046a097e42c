"""What a search for settings shows: best-so-far curves, rankings at each budget, what was chosen.

trials     the trials of a plan, from its records
budget     how good the best of so many trials is, and how options rank by it: pure functions of an array
told       tables, sentences and the plot of it
"""
