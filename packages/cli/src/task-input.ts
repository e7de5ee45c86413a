/** What a task is given: what was asked for, else what the agent's manifest suggests. */
import type { Invocation } from "./command.ts";
import { failure } from "./failure.ts";
import { DEFAULT_INPUT_ANNOTATION, defaultInputOf } from "./manifests/default-input.ts";
import type { NodeClient } from "./node/node-client.ts";
import { readInput } from "./read-input.ts";
import { UsageError } from "./usage-error.ts";

interface Wanted {
  readonly client: NodeClient;
  readonly agent: string;
  /** The value of --input. */
  readonly given: string | undefined;
}

/** Says which input it takes when none was given. Throws a UsageError when there is none to take. */
export const taskInput = async (
  { output, cwd, readStdin }: Pick<Invocation, "output" | "cwd" | "readStdin">,
  { client, agent, given }: Wanted,
): Promise<unknown> => {
  if (given !== undefined) return readInput(given, { cwd, readStdin });
  if (agent.includes(":"))
    throw new UsageError("--input is missing: who will do it, and so its default, is not known yet", {
      nextStep: `agentcore run '${agent}' --input '{}' when it needs none`,
    });
  const manifest = await client.agentManifest(agent);
  if (manifest === undefined) throw failure("AGENT_NOT_FOUND", `there is no agent named ${agent}`);
  const suggested = defaultInputOf(manifest);
  if (suggested === undefined) {
    throw new UsageError(`--input is missing, and ${agent} has no annotation ${DEFAULT_INPUT_ANNOTATION}`, {
      nextStep: `agentcore run ${agent} --input '{"name":"Ada"}', or --input '{}' when it needs none`,
    });
  }
  output.say(`input ${suggested} (the default of ${agent}; another with --input)`);
  return readInput(suggested, { cwd, readStdin });
};
