"""One data set per file: its facts as data, and the reader of its official layout."""
