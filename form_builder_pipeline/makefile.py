"""Makefile.pipeline: the subcommands as targets of an app's own make, under names that collide with none.

What is given is handed on in the environment, as it was typed, for these targets alone: make puts none of it
into a command, and the app's own targets and variables stay as they are.
"""

from __future__ import annotations

from form_builder_pipeline.table import GROUPS, READ, ROWS, SWITCHES, WITH_A_VALUE, Row
from form_builder_pipeline.words import BY_MAKE

FIRST = "# Made by `pipeline makefile`, which renews it. Include it: "
_HEAD = """{first}include Makefile.pipeline
# `make pipeline` takes a commit the whole way, `make pipeline-help` lists the rest. The command `pipeline` is
# the one on PATH; PIPELINE=/path/to/pipeline names another.
PIPELINE_DEFAULT_GOAL := $(.DEFAULT_GOAL)
PIPELINE_TARGETS := {targets}

# A value that stands in the app's own Makefile is its own affair; one that was typed goes on as it was typed.
define PIPELINE_AS_TYPED
ifneq ($(filter environment command override,$(firstword $(origin $(1)))),)
$(PIPELINE_TARGETS): override export $(1) := $$(value $(1))
endif
endef
$(foreach each,{given},$(eval $(call PIPELINE_AS_TYPED,$(each))))

.PHONY: $(PIPELINE_TARGETS)
"""
_TAIL = """
# What is the app's default target is not changed.
.DEFAULT_GOAL := $(PIPELINE_DEFAULT_GOAL)
"""


def target(row: Row) -> str:
    """The name of a subcommand's target."""
    return "pipeline" if row.name == "run" else f"pipeline-{row.name}"


def text() -> str:
    """The whole file."""
    given = sorted({*WITH_A_VALUE, *SWITCHES, *READ, "CONFIG", "PIPELINE"})
    targets = " ".join([*(target(row) for row in ROWS.values()), "pipeline-help"])
    lines = [_HEAD.format(first=FIRST, targets=targets, given=" ".join(given))]
    lines.append("pipeline-help: ## this list")
    lines += [f"\t@echo '{line}'" for line in _help()]
    for title, rows in GROUPS.items():
        lines += ["", f"## {title}"]
        for row in rows:
            lines += [f"{target(row)}: ## {row.about}", f'\t@"$${{PIPELINE:-pipeline}}" {BY_MAKE} {row.name}']
    return "\n".join(lines) + "\n" + _TAIL


def _help() -> list[str]:
    lines: list[str] = []
    for title, rows in GROUPS.items():
        lines += [title]
        for row in rows:
            takes = " ".join(f"{name}=" for name in row.takes)
            lines.append(f"  {target(row):<24} {row.about:<60} {takes}".rstrip())
        lines.append("")
    return lines[:-1]
