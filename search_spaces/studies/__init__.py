"""One question per file; the file's name is the study's name."""
