import { PlatformError } from "@agentcore/contract";
import type { BoundFolder, ProgramResult, Sandbox, SandboxLimits } from "@agentcore/sandbox";
import { type Tool, tool } from "@agentcore/sdk";
import { z } from "zod";

export interface ProgramToolOptions {
  /** Programs that may be run, by name or path inside. A shell or an interpreter among them may run all the others. */
  readonly programs: readonly string[];
  readonly name?: string;
  /** Tells a model when to use it; the programs are added. */
  readonly description?: string;
  /** @default those of the sandbox: without network */
  readonly limits?: Partial<SandboxLimits>;
  /** A folder that the programs work in, as `/folder`. @default none */
  readonly folder?: BoundFolder;
  /** @default none besides PATH, HOME, TMPDIR and LANG */
  readonly environment?: Readonly<Record<string, string>>;
}

export interface ProgramInput {
  readonly program: string;
  readonly arguments?: readonly string[] | undefined;
  readonly stdin?: string | undefined;
  readonly files?: Readonly<Record<string, string>> | undefined;
}

export type ProgramToolOutput = Pick<ProgramResult, "exitCode" | "limit" | "stdout" | "stderr" | "refusedHosts">;

const MAX_WORDS = 1_000;

/** Runs programs of this machine that the author names, with words that a model chose. Throws SANDBOX_UNAVAILABLE where this machine cannot hold them. */
export const programTool = (
  sandbox: Pick<Sandbox, "runProgram">,
  { programs, name = "run_program", description, limits, folder, environment }: ProgramToolOptions,
): Tool<ProgramInput, ProgramToolOutput> => {
  const [first, ...others] = programs;
  if (first === undefined)
    throw new PlatformError("INVALID_ARGUMENT", "programTool: programs: expected the names of one or more programs");
  return tool<ProgramInput, ProgramToolOutput>({
    name,
    description: `${description ?? "Runs a program in a folder of its own, which goes when it ends."} Programs: ${programs.join(", ")}. No shell reads the arguments.`,
    input: z.object({
      program: z.enum([first, ...others]),
      arguments: z.array(z.string()).max(MAX_WORDS).optional().describe("its arguments, as it is to get them"),
      stdin: z.string().optional(),
      files: z
        .record(z.string(), z.string())
        .optional()
        .describe("files to put into its folder first: text by relative path"),
    }),
    async execute({ program, arguments: words = [], stdin, files }, { signal }) {
      const options = { stdin, files, limits, folder, environment, signal };
      const { exitCode, limit, stdout, stderr, refusedHosts } = await sandbox.runProgram([program, ...words], options);
      const told = {
        ...(limit === undefined ? {} : { limit }),
        ...(refusedHosts === undefined ? {} : { refusedHosts }),
      };
      return { exitCode, ...told, stdout, stderr };
    },
  });
};
