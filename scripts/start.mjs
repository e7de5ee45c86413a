// `npm start`: one node with the examples applied and the loan triage at work, straight from a fresh clone.
import { join } from "node:path";
import { runNode } from "./run-node.mjs";
import { root } from "./toolchain.mjs";

runNode(["up", "--apply", join(root, "examples"), "--run", "loan-triage", ...process.argv.slice(2)]);
