"""Files that were damaged or mistyped are refused by name, or read as what they were: never a traceback or a hang.

`python -m tests.fuzz` spoils thousands of small files of each kind and reads them as the tool does.
"""
