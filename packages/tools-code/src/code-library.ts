/** The tools of this package, for Tool manifests. */
import { createSandbox } from "@agentcore/sandbox";
import { type ToolLibrary, toolLibrary } from "@agentcore/sdk";
import { z } from "zod";
import { javascriptTool } from "./javascript-tool.ts";
import { programTool } from "./program-tool.ts";
import { pythonTool } from "./python-tool.ts";

const MIB = 2 ** 20;
const DAY_MS = 86_400_000;

// The ranges are the sandbox's own.
const CODE_LIMITS = {
  memoryBytes: z
    .int()
    .min(8 * MIB)
    .max(65_536 * MIB)
    .exactOptional(),
  cpuMs: z.int().min(10).max(DAY_MS).exactOptional(),
  wallMs: z.int().min(10).max(DAY_MS).exactOptional(),
  outputBytes: z
    .int()
    .min(1_024)
    .max(64 * MIB)
    .exactOptional(),
};
const CodeLimits = z.strictObject(CODE_LIMITS);
const ProgramLimits = z.strictObject({
  ...CODE_LIMITS,
  fileBytes: z
    .int()
    .min(0)
    .max(65_536 * MIB)
    .exactOptional(),
  processes: z.int().min(1).max(4_096).exactOptional(),
});

const Options = z
  .strictObject({
    javascript: z.strictObject({ limits: CodeLimits.optional() }).optional().describe("Gives run_javascript"),
    python: z.strictObject({ limits: CodeLimits.optional() }).optional().describe("Gives run_python"),
    programs: z
      .strictObject({
        names: z.array(z.string().min(1).max(4096)).min(1).max(100),
        limits: ProgramLimits.optional(),
        folder: z
          .strictObject({ path: z.string().min(1).max(4096), access: z.enum(["read-only", "read-write"]) })
          .optional(),
      })
      .optional()
      .describe("Gives run_program, for these programs of the node's machine, without network"),
    approval: z.enum(["never", "always"]).optional().describe("Whether people are asked before code runs"),
    permission: z.string().max(128).optional().describe("A scope that whoever the task works for must have"),
    maxRunning: z.int().min(1).max(64).optional().describe("Runs at once; 4 by default"),
  })
  .refine(({ javascript, python, programs }) => (javascript ?? python ?? programs) !== undefined, {
    error: "expected one or more of javascript, python and programs: what may be run",
  });

/** A sandbox of its own for each manifest. */
export const codeLibrary: ToolLibrary<z.infer<typeof Options>> = toolLibrary({
  name: "code",
  description: "Runs JavaScript, Python and programs apart from the node",
  options: Options,
  reaches: ({ programs }) => [
    ...(programs?.names ?? []).map((value, index) => ({
      ...{ field: `programs.names[${index}]`, kind: "command" as const, value },
    })),
    ...(programs?.folder === undefined
      ? []
      : [{ field: "programs.folder.path", kind: "folder" as const, value: programs.folder.path }]),
  ],
  open: ({ javascript, python, programs, approval, permission, maxRunning }, { onClose }) => {
    const sandbox = createSandbox(maxRunning === undefined ? {} : { maxRunning });
    onClose(() => sandbox.close());
    const tools = [
      ...(javascript === undefined ? [] : [javascriptTool(sandbox, limitsOf(javascript))]),
      ...(python === undefined ? [] : [pythonTool(sandbox, limitsOf(python))]),
      ...(programs === undefined
        ? []
        : [
            programTool(sandbox, {
              programs: programs.names,
              ...limitsOf(programs),
              ...(programs.folder === undefined ? {} : { folder: programs.folder }),
            }),
          ]),
    ];
    return tools.map((each) => ({
      ...each,
      ...(approval === undefined ? {} : { approval }),
      ...(permission === undefined ? {} : { permission }),
    }));
  },
});

const limitsOf = <Limits extends object>({ limits }: { readonly limits?: Limits | undefined }): { limits?: Limits } =>
  limits === undefined ? {} : { limits };
