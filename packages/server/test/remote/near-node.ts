/** A node with one agent, `far`, that runs elsewhere; closed when the test ends. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { API_VERSION, type TaskEvent } from "@agentcore/contract";
import { onTestFinished } from "vitest";
import { type ComposeOptions, compose, type NodeParts } from "../../src/compose.ts";
import { createSystemSenses } from "../../src/system-senses.ts";

export const folder = async (): Promise<string> => {
  const directory = await mkdtemp(join(tmpdir(), "agentcore-remote-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  return directory;
};

export const SCOPE = { tenantId: "default", caller: "ann", seesAll: false } as const;

export interface NearNode {
  readonly parts: NodeParts;
  /** Its agent, which is remote. */
  apply(card: string, remote?: object, spec?: object): Promise<unknown>;
  submit(text: string, more?: object): Promise<string>;
  /** The task's events up to its end, or to the first that `until` takes. */
  events(taskId: string, until?: (event: TaskEvent) => boolean): Promise<readonly TaskEvent[]>;
  output(taskId: string): Promise<unknown>;
  close(): Promise<void>;
}

export const startNearNode = async (options: Partial<ComposeOptions> = {}): Promise<NearNode> => {
  const parts = await compose({
    dataDirectory: options.dataDirectory ?? (await folder()),
    senses: createSystemSenses({ log: () => {} }),
    node: "n",
    env: {},
    ...options,
  });
  await parts.start();
  let open = true;
  const close = async (): Promise<void> => {
    if (open) await parts.close(0);
    open = false;
  };
  onTestFinished(close);
  const events: NearNode["events"] = async (taskId, until = () => false) => {
    const all: TaskEvent[] = [];
    for await (const event of parts.tasks.events(SCOPE, taskId, { after: 0 })) {
      all.push(event);
      if (until(event)) break;
    }
    return all;
  };
  return {
    parts,
    events,
    close,
    apply: (card, remote = {}, spec = {}) =>
      parts.manifests.apply(
        "default",
        [
          {
            apiVersion: API_VERSION,
            kind: "Agent",
            metadata: { name: "far" },
            spec: { remote: { card, ...remote }, ...spec },
          },
        ],
        { dryRun: false },
      ),
    async submit(text, more = {}) {
      const { taskId } = await parts.tasks.submit(SCOPE, { target: { agent: "far" }, input: text, ...more });
      return taskId;
    },
    async output(taskId) {
      const last = (await events(taskId)).at(-1);
      if (last?.type !== "task.completed") throw new Error(JSON.stringify(last));
      return last.data.output;
    },
  };
};
