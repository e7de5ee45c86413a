/** How what a run of a workflow has recorded is to be read by another revision of its agent (docs/decisions/0015). */
import { z } from "zod";

// As `NODE_ID_PATTERN` of the graph, which only those load that have one.
const NodeName = z.string().regex(/^[A-Za-z][A-Za-z0-9_-]{0,62}$/, {
  error: "expected the name of a node: letters, digits, hyphens and underscores, a letter first, at most 63",
});
const MAX_RULES = 1_000;

export const MigrationRules = z
  .strictObject({
    /** Names of nodes in the graph that the run began with, by what they are called now. */
    rename: z.record(NodeName, NodeName).optional(),
    /** Nodes that are no more: what they gave is not looked at. */
    drop: z.array(NodeName).max(MAX_RULES).optional(),
  })
  .superRefine(({ rename = {}, drop = [] }, context) => {
    const refuse = (path: string[], message: string): void => context.addIssue({ code: "custom", path, message });
    const entries = Object.entries(rename);
    // Looked at no further: each would be held against all that are dropped.
    if (entries.length > MAX_RULES) return refuse(["rename"], `expected at most ${MAX_RULES} nodes`);
    const dropped = new Set(drop);
    for (const [old, now] of entries) {
      if (now === old) refuse(["rename", old], "expected another name than it has");
      else if (Object.hasOwn(rename, now))
        refuse(["rename", old], `${now} is renamed itself: names of then cannot be names of now`);
      if (dropped.has(old) || dropped.has(now)) refuse(["rename", old], "it is dropped as well");
    }
  });
export type MigrationRules = z.infer<typeof MigrationRules>;

// What loops, gates and joins choose: in a log nothing tells these from a node of that name.
const CHOICES: ReadonlySet<string> = new Set(["again", "done", "passed", "usedUp", "decided", "open"]);
export const isReservedChoice = (name: string): boolean => CHOICES.has(name);
