"""One file per kind of figure, built for every study that has its data. The folder is the registry."""
