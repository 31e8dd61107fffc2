#!/usr/bin/env node
// The command `gitops-operator` of a checkout; the image runs dist/main.cjs itself.
import "./require-node.mjs";

await import("../src/main.ts");
