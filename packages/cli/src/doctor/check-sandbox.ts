import type { Check } from "./check.ts";

/** What a sandbox could run here, tried out. Nothing where the package is not installed: it is an installation of its own. */
export const checkSandbox = async (): Promise<readonly Check[]> => {
  const installed = await import("@agentcore/sandbox").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ERR_MODULE_NOT_FOUND") return null;
    throw error;
  });
  if (installed === null) return [];
  const abilities = await installed.probeSandbox();
  return abilities.map(({ name, works, detail, nextStep }) => ({
    check: `sandbox: ${name}`,
    status: works ? "ok" : "warn",
    detail,
    ...(nextStep === undefined ? {} : { nextStep }),
  }));
};
