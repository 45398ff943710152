"""The sandbox's floors: which room may import which."""

from __future__ import annotations

from tests import ROOT, rooms

SANDBOX = ROOT / "sandbox"
HERE = rooms.rooms_of(SANDBOX, ROOT)

# Lowest first. A room may import the rooms in its line, all of which have theirs above it; `.x` is the room x
# of the same part. What begins with blanks continues the line before it.
FLOORS = """
base:

api.types:              base
api.wire:               base
api.patching:           base .types
api.defaults:           base .types
api.validation.rules:   base .types .wire
api.validation:         base .types .validation.rules
api.storage:            base .wire
api.access:             base .storage
api.admission:          base .types .wire .defaults .storage .access
api.reading.printers:   .types
api.reading:            base .types .wire .storage .reading.printers
api.writing:            base .types .wire .patching .defaults .validation .storage .admission
api.calls:              base .wire .storage .access .writing
api.handlers:           base .types .wire .patching .storage .access .reading .writing .calls
api:                    base .types .wire .defaults .storage .access .admission .reading .writing .calls
                        .handlers

controllers.machinery:    base
controllers.workloads:    base .machinery
controllers.revisioned:   base .machinery
controllers.networking:   base .machinery
controllers.placing:      base .machinery
controllers.housekeeping: base .machinery
controllers:              base .machinery .workloads .revisioned .networking .placing .housekeeping

images.keeping:         base
images.recipes:
images.building:        base .keeping .recipes
images:

node.timing:
node.processes:
node.probes:            .timing
node.network:           base
node.reporting:         base .timing
node.configuration:     base
node.storage:           .processes .configuration
node.containers:        base images.keeping .timing .processes .probes .reporting .configuration .storage
node:                   base images.keeping .timing .processes .network .reporting .configuration .storage
                        .containers

sandbox:                base api api.storage controllers images.keeping images.recipes images.building
                        node node.network node.processes node.timing
"""


def test_imports_point_down_from_room_to_room_as_the_table_says() -> None:
    graph = rooms.imports(SANDBOX, ROOT)
    assert not (wrong := rooms.against_the_floors(graph, HERE, rooms.floors(FLOORS, "sandbox"))), "\n".join(
        wrong
    )
