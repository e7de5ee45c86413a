import type { CompileRule } from "@agentcore/agents";
import { PlatformError } from "@agentcore/contract";
import { compileExpression, compileTemplate } from "@agentcore/core/expressions";

// What a rule is asked of.
const KNOWN = new Set(["input"]);

/** A rule of a manifest: `when` in CEL over `input`, `reply` a template over it. Throws INVALID_ARGUMENT. */
export const compileRule: CompileRule = ({ name, when, reply }) => {
  const condition = compileExpression(when);
  if (condition.type !== undefined && condition.type !== "boolean")
    throw new PlatformError("INVALID_ARGUMENT", `when: expected true or false, ${when} gives ${condition.type}`);
  const made = compileTemplate(reply);
  for (const { path } of [...condition.references, ...made.references]) {
    const [root] = path;
    if (!KNOWN.has(String(root)))
      throw new PlatformError("INVALID_ARGUMENT", `expected nothing but input, got ${path.join(".")}`);
  }
  return {
    name,
    when: (input) => condition.evaluate({ input }) === true,
    run: (task) => made.evaluate({ input: task.input }),
  };
};
