// Writes the histories that are not there. Never writes over one: see README.md.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const program = fileURLToPath(new URL("record-histories.ts", import.meta.url));
process.exit(spawnSync(process.execPath, ["-C", "agentcore-source", program], { stdio: "inherit" }).status ?? 1);
