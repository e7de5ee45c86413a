import type { Environment } from "../environment.ts";
import { PROVIDERS } from "../providers/providers.ts";

/** The environment with something in the place of what a replay does not need: keys, and where models are. What is set stays. */
export const replayEnvironment = (env: Environment): Environment => {
  const wanted = Object.values(PROVIDERS).flatMap(({ keyVariable, settings }) => [
    keyVariable,
    ...Object.values(settings).map(({ variable }) => variable),
  ]);
  const standIns = wanted.flatMap((name) => (name === undefined ? [] : [[name, "replay"] as const]));
  const set = Object.entries(env).filter(([, value]) => value !== undefined && value !== "");
  return { AGENTCORE_MODEL_URL: "http://replay.invalid/v1", ...Object.fromEntries([...standIns, ...set]) };
};
