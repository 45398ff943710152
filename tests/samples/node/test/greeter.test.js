import assert from "node:assert/strict";
import { test } from "node:test";

import { greet } from "../greeter.js";

test("greets by name", () => {
  assert.equal(greet("Ada"), "Hello, Ada");
});

test("greets a stranger", () => {
  assert.equal(greet(""), "Hello, whoever you are");
});
