/** Loads revisions as a node does and prints what each exports as `value`. Arguments: folder of the revisions, snapshots as JSON. */
import type { CodeSnapshot } from "../../src/agents/read-code.ts";
import { createRevisionLoader } from "../../src/agents/revision-loader.ts";

const [directory = "", snapshots = "[]"] = process.argv.slice(2);
const loader = createRevisionLoader(directory);
const values: unknown[] = [];
for (const snapshot of JSON.parse(snapshots) as CodeSnapshot[]) {
  const value = await loader.load(snapshot, "value");
  values.push(typeof value === "function" ? (value as () => unknown)() : value);
}
console.log(JSON.stringify(values));
