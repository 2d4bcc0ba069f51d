"""Other places that may be told what happens, by name. None is ever required, and none can disturb a run."""
