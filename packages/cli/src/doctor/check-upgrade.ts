/** Which open tasks would go on under another revision of their agent, a check for each. */
import type { OpenTaskReplay, OpenTasksReport, ReplayOpenOptions } from "@agentcore/sdk/client";
import type { Invocation } from "../command.ts";
import { isRecord } from "../is-record.ts";
import { handIn } from "../manifests/hand-in.ts";
import { MANIFEST_OPTIONS } from "../manifests/manifest-paths.ts";
import { readManifests } from "../manifests/read-manifests.ts";
import type { NodeClient } from "../node/node-client.ts";
import { UsageError } from "../usage-error.ts";
import type { Check } from "./check.ts";

// Of a side of a difference, in a row of a table; `agentcore replay -o json` shows all of it.
const MAX_SHOWN = 200;

export const UPGRADE_OPTIONS = {
  file: {
    ...MANIFEST_OPTIONS.file,
    description:
      "Before a deploy: would open tasks of these agents go on with what these manifests declare? (repeatable)",
  },
  upgrade: {
    type: "string",
    value: "NAME",
    description: "Would open tasks of this agent go on with the code that is applied now?",
  },
  revision: { type: "string", value: "REVISION", description: "With --upgrade: with this revision instead" },
} as const;

/** Null when nothing of that kind is asked for. Throws a UsageError for options that do not go together. */
export const checkUpgrade = async (
  invocation: Invocation<typeof UPGRADE_OPTIONS>,
): Promise<readonly Check[] | null> => {
  const { upgrade, revision, file } = invocation.options;
  if (upgrade !== undefined && file.length > 0)
    throw new UsageError("--upgrade takes an agent that is applied, -f manifests that are not; give one of them");
  if (revision !== undefined && upgrade === undefined)
    throw new UsageError("--revision goes with --upgrade NAME: of which agent?");
  if (upgrade !== undefined)
    return checksOf(await invocation.client(), upgrade, revision === undefined ? {} : { revision });
  return file.length === 0 ? null : checkManifests(invocation);
};

/** One manifest after the other: each is run over its own tasks. */
const checkManifests = async (invocation: Invocation<typeof UPGRADE_OPTIONS>): Promise<readonly Check[]> => {
  const client = await invocation.client();
  const checks: Check[] = [];
  for (const document of await readManifests(invocation.options.file, invocation.cwd)) {
    const { manifest } = document;
    const { kind, metadata } = manifest;
    const name = isRecord(metadata) ? metadata["name"] : undefined;
    if ((kind !== "Agent" && kind !== "Workflow") || typeof name !== "string") continue;
    checks.push(...(await handIn([document], invocation.cwd, () => checksOf(client, name, { manifest }))));
  }
  if (checks.length === 0) throw new UsageError("there is no Agent and no Workflow in these files");
  return checks;
};

const checksOf = async (client: NodeClient, name: string, options: ReplayOpenOptions): Promise<readonly Check[]> => {
  const report = await client.replayOpen(name, options);
  return [summaryOf(report), ...report.tasks.map((task) => checkOf(report, task))];
};

const summaryOf = ({ agent, revision, tasks, alreadyThere }: OpenTasksReport): Check => {
  const lost = tasks.filter(({ survives }) => !survives).length;
  const going = `${tasks.length - lost} of ${tasks.length} open tasks with other code would go on with revision ${revision}`;
  return {
    check: agent,
    status: lost === 0 ? "ok" : "fail",
    detail: alreadyThere === 0 ? going : `${going}; ${alreadyThere} have it`,
    ...(lost === 0
      ? {}
      : {
          nextStep: `these go on with the code they began with: keep what that needs outside of the agent; where nodes have other names, see agentcore help migrate`,
        }),
  };
};

const checkOf = ({ agent }: OpenTasksReport, task: OpenTaskReplay): Check => {
  const { taskId, revision, state, survives, differs, error } = task;
  return {
    check: `${agent} ${taskId}`,
    status: survives ? "ok" : "fail",
    detail: `${state}, revision ${revision}: ${differs === null ? (error?.message ?? "agrees") : placeOf(differs)}`,
    ...(survives ? {} : { nextStep: `agentcore logs ${taskId}` }),
  };
};

export const placeOf = ({ seq, path, recorded, made, message }: NonNullable<OpenTaskReplay["differs"]>): string => {
  const place = seq === null ? "" : `at event ${seq}${path === null ? "" : ` (${path})`} `;
  return `${place}${message}; recorded ${shortly(recorded)}, made ${shortly(made)}`;
};

const shortly = (value: unknown): string => {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
};
