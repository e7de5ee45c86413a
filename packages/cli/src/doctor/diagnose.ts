/** Every check of `doctor`, in the order they are shown. */
import { resolve } from "node:path";
import type { Invocation } from "../command.ts";
import type { SERVE_OPTIONS } from "../serving/serve-options.ts";
import type { Check } from "./check.ts";
import { checkDataFolder, checkPort, checkRuntime, checkVariables } from "./check-machine.ts";
import { checkNode } from "./check-node.ts";

type DoctorInvocation = Invocation<Pick<typeof SERVE_OPTIONS, "data" | "port">>;

export const diagnose = async (invocation: DoctorInvocation): Promise<readonly Check[]> => {
  const node = await checkNode(invocation);
  const answers = node[0]?.status === "ok";
  return [
    checkRuntime(process.versions.node),
    await checkDataFolder(resolve(invocation.cwd, invocation.options.data)),
    ...(answers ? [] : [await checkPort(invocation.options.port)]),
    ...node,
    ...checkVariables(invocation.environment),
  ];
};
