"""The samples are apps with tests of their own: their stages run those, in copies."""

collect_ignore_glob = ["*/*"]
