"""One paper's system or a baseline per file; the file's name is the method's name."""
