/** Every check of `doctor`, in the order they are shown. */
import { resolve } from "node:path";
import type { Invocation } from "../command.ts";
import { readDatabase } from "../serving/read-node-options.ts";
import type { SERVE_OPTIONS } from "../serving/serve-options.ts";
import type { Check } from "./check.ts";
import { checkDatabase } from "./check-database.ts";
import { checkEmbedder } from "./check-embedder.ts";
import { checkDataFolder, checkPort, checkRuntime, checkVariables } from "./check-machine.ts";
import { checkNode } from "./check-node.ts";
import { checkSandbox } from "./check-sandbox.ts";

type DoctorInvocation = Invocation<Pick<typeof SERVE_OPTIONS, "data" | "port" | "database">>;

/** Throws a UsageError for an address that is none. */
export const diagnose = async (invocation: DoctorInvocation): Promise<readonly Check[]> => {
  const database = readDatabase(invocation.options.database);
  const { answers, checks: node } = await checkNode(invocation);
  return [
    checkRuntime(process.versions.node),
    await checkDataFolder(resolve(invocation.cwd, invocation.options.data)),
    ...(answers ? [] : [await checkPort(invocation.options.port)]),
    ...(database === undefined ? [] : await checkDatabase(database)),
    ...(await checkSandbox()),
    ...(await checkEmbedder()),
    ...node,
    ...checkVariables(invocation.environment),
  ];
};
