import { PlatformError } from "@agentcore/contract";
import { createSandbox } from "./create-sandbox.ts";
import { openMachine } from "./machine.ts";
import { pythonProgram } from "./open-python.ts";

/** Something that a sandbox does, and whether it does it here. */
export interface SandboxAbility {
  readonly name: "programs" | "javascript" | "python";
  readonly works: boolean;
  /** How it is held, or what is in the way. */
  readonly detail: string;
  readonly nextStep?: string | undefined;
}

/** Tries what works on this machine: some 200 ms. Python is looked for and not started; it runs in the same walls as JavaScript. */
export const probeSandbox = async (): Promise<readonly SandboxAbility[]> => {
  const sandbox = createSandbox();
  try {
    const programs = await look("programs", () => sandbox.runProgram(["/bin/true"]).then(() => undefined));
    const javascript = await look("javascript", async () => {
      const said = await sandbox.runJavaScript("return 1");
      if (!said.ok) throw new PlatformError("SANDBOX_UNAVAILABLE", said.error.message);
    });
    const python = await look("python", async () => {
      pythonProgram();
      if (javascript.works || isMissing(javascript)) return;
      throw new PlatformError("SANDBOX_UNAVAILABLE", javascript.detail, { details: { nextStep: javascript.nextStep } });
    });
    return [programs, javascript, python];
  } finally {
    await sandbox.close();
  }
};

const isMissing = ({ detail }: SandboxAbility): boolean => detail.includes("isolated-vm");

const look = async (name: SandboxAbility["name"], attempt: () => Promise<void>): Promise<SandboxAbility> => {
  try {
    await attempt();
    const { version } = openMachine().cgroups;
    const memory =
      version === null ? "its memory looked at as it runs, for want of a cgroup" : `its memory by cgroup v${version}`;
    return { name, works: true, detail: `${HOLDS[name]}, ${memory}` };
  } catch (error) {
    if (!PlatformError.is(error) || error.code !== "SANDBOX_UNAVAILABLE") throw error;
    const nextStep = error.details?.["nextStep"];
    const detail = typeof nextStep === "string" ? error.message.replace(`. ${nextStep}`, "") : error.message;
    return { name, works: false, detail, ...(typeof nextStep === "string" ? { nextStep } : {}) };
  }
};

const HOLDS: Readonly<Record<SandboxAbility["name"], string>> = {
  programs: "in namespaces of its own",
  javascript: "in an isolate within a process apart",
  python: "in WebAssembly within a process apart",
};
