// `npm run dev`: one node with the examples applied, and applied again whenever they change.
import { join } from "node:path";
import { runNode } from "./run-node.mjs";
import { root } from "./toolchain.mjs";

runNode(["dev", join(root, "examples"), ...process.argv.slice(2)]);
