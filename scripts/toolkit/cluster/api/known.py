"""The objects of one kind, found by uid, by name and by what controls them without a search."""

from __future__ import annotations

from typing import Any

from toolkit.objects.fields import owner, text, uid

Json = dict[str, Any]


class Known:
    """The objects of one kind by uid, by name and by the uid of what controls them."""

    def __init__(self) -> None:
        self.objects: dict[str, Json] = {}
        self.owned: dict[str, dict[str, Json]] = {}
        self._names: dict[str, str] = {}

    def named(self, name: str) -> Json | None:
        """The object of that name."""
        return self.objects.get(self._names.get(name, ""))

    def put(self, obj: Json) -> None:
        """Take in an object that is new, or changed."""
        key, controller = uid(obj), owner(obj)
        before = self.objects.get(key)
        if before is not None:
            if owner(before) != controller:
                self._disown(before)
            spec = before.get("spec")  # most of a pod, and it hardly ever changes: it is kept once
            if spec and spec == obj.get("spec"):
                obj["spec"] = spec
        self.objects[key] = obj
        self._names[text(obj, "metadata", "name")] = key
        if controller:
            self.owned.setdefault(controller, {})[key] = obj

    def drop(self, obj: Json) -> None:
        """Forget an object."""
        before = self.objects.pop(uid(obj), None)
        if before is None:
            return
        self._disown(before)
        if self._names.get(text(before, "metadata", "name")) == uid(before):
            del self._names[text(before, "metadata", "name")]

    def clear(self) -> None:
        """Forget everything."""
        self.objects.clear()
        self.owned.clear()
        self._names.clear()

    def _disown(self, obj: Json) -> None:
        mine = self.owned.get(owner(obj))
        if mine is not None:
            mine.pop(uid(obj), None)
            if not mine:
                del self.owned[owner(obj)]
