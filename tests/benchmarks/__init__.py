"""Programs that measure or stress the package; the test suite runs shortened versions."""
