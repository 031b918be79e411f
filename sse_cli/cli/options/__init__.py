"""The options of the commands, declared for Typer."""
