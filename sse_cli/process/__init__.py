"""The process: its signals, its crash reports, and imports that are put off."""
