import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Logger } from "@agentcore/core/ports";
import type { TargetCaller } from "../call/create-target-caller.ts";
import type { Environment } from "../environment.ts";
import type { CassetteReader, CassetteWriter } from "./cassette.ts";
import { createCassetteFolder, openCassetteFolder } from "./cassette-folder.ts";
import { recording } from "./recording.ts";
import { replayEnvironment } from "./replay-environment.ts";
import { replaying } from "./replaying.ts";
import { secretsOf } from "./without-secrets.ts";

export interface RecordingOptions {
  readonly mode: "record" | "replay";
  /** Absolute path. Calls of other tenants than the own one are in `tenants/<tenant>` of it. */
  readonly directory: string;
}

export interface OpenRecording {
  /** What is to stand in the place of `caller` for calls of the tenant. */
  wrapCall(caller: TargetCaller, tenantId: string): TargetCaller;
  /** What models are named by and reached with: of a replay, also where no key is set. */
  readonly env: Environment;
}

const TENANTS = "tenants";
// A name of dots alone would lead to another folder.
const fileNameOf = (tenantId: string): string => encodeURIComponent(tenantId).replaceAll(".", "%2E");

/** `logger`: is told which folder has no recording of a call. Throws CONFIG_INVALID when there is nothing to replay from. */
export const openRecording = async (
  { mode, directory }: RecordingOptions,
  ownTenant: string,
  env: Environment,
  logger?: Logger,
): Promise<OpenRecording> => {
  const folderOf = (tenantId: string): string =>
    tenantId === ownTenant ? directory : join(directory, TENANTS, fileNameOf(tenantId));

  if (mode === "record") {
    const writers = new Map<string, CassetteWriter>();
    return {
      env,
      wrapCall(caller, tenantId) {
        const writer = writers.get(tenantId) ?? createCassetteFolder(folderOf(tenantId));
        writers.set(tenantId, writer);
        return recording(caller, writer, () => secretsOf(env));
      },
    };
  }

  const replayOf = (tenantId: string, cassette: CassetteReader): TargetCaller =>
    replaying(cassette, (location, model) =>
      logger?.log("warn", `${location} holds no recording of a call of ${model}`, { tenantId }),
    );
  const replays = new Map([[ownTenant, replayOf(ownTenant, await openCassetteFolder(directory))]]);
  for (const name of await readdir(join(directory, TENANTS)).catch(() => [])) {
    const tenantId = decodeURIComponent(name);
    replays.set(tenantId, replayOf(tenantId, await openCassetteFolder(join(directory, TENANTS, name))));
  }
  return {
    env: replayEnvironment(env),
    wrapCall: (_caller, tenantId) => replays.get(tenantId) ?? replayOf(tenantId, nothingIn(folderOf(tenantId))),
  };
};

const nothingIn = (location: string): CassetteReader => ({
  location,
  find: () => Promise.resolve(null),
  similar: () => Promise.resolve({ calls: [], models: [] }),
});
