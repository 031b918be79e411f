"""Reports of a check: JSON, JUnit, GitHub Actions."""
