"""Long campaigns, run by `make trials`: random kills and faults, each trial repeatable by its seed.

A campaign proves nothing before it has caught planted bugs (durability notes 3.7). Planted by hand in a copy of the
tree, and caught by the test named:

PLANTED
"""
