"""Sources of signals: a URL, a file, standard input, a recording."""
