"""HTTP: a request goes in, signals come out."""
