"""A finding that several tests of the verdict have."""

from __future__ import annotations

from toolkit.cluster.diagnosis.finding import Cause, suspicious

SECRET = suspicious(Cause.CONFIGURATION, "Pod/p", 'secret "x" not found', "api")
