"""Many games: a grid over a scenario, kept in a folder that survives whatever happens to its driver.

file.py      the sweep file                     tasks.py     runs that are played and kept together
points.py    its games, one a point             work.py      a task, played: a pure function
keys.py      what a run is called               ledger.py    which runs are done, and what they measured
driver.py    the loop that gives tasks out      folder.py    what lies where, whole or not at all
"""
