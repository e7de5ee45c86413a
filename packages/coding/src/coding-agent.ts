import { type CodingOptions, CodingSpec, parseInput } from "@agentcore/contract";
import type { AgentDefinition } from "@agentcore/contract/authoring";
import { agent, type SkillOptions } from "@agentcore/sdk";
import type { CodingResult } from "./coding-result.ts";
import { type CodingHost, CodingRuntime } from "./coding-runtime.ts";
import { createCodingRun } from "./run/coding-run.ts";

export interface CodingAgentOptions extends CodingOptions {
  readonly name: string;
  readonly description: string;
  readonly version?: string;
  readonly skills?: readonly SkillOptions[];
  readonly labels?: Readonly<Record<string, string>>;
  /** Where it runs. */
  readonly host?: CodingHost;
}

/**
 * An agent that is a command-line program: each task has a git worktree of its own, in which the program works until what it did passes the checks, and
 * is then offered as a branch or merged. Throws INVALID_ARGUMENT for settings that could not work.
 */
export const codingAgent = (options: CodingAgentOptions): AgentDefinition<unknown, CodingResult> => {
  const { name, description, version, skills, labels, host = {}, ...settings } = options;
  const spec = parseInput(CodingSpec, settings, `coding agent "${name}"`);
  const runtime = new CodingRuntime(name, spec, host);
  // What an earlier life of the node left is looked for at once, not with the first task.
  void runtime.sweep();
  return agent<unknown, CodingResult>({
    ...{ name, description },
    ...(version === undefined ? {} : { version }),
    ...(skills === undefined ? {} : { skills }),
    ...(labels === undefined ? {} : { labels }),
    // A cancel and a deadline end the program, and what is there is kept, before the task ends.
    compensates: true,
    run: createCodingRun(runtime),
  });
};
