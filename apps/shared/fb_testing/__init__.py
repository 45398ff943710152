"""What the apps' test suites share: acting as the runner, waiting, local servers. Never part of an image."""
