/** `npm create agentcore [DIRECTORY] [-- --template NAME]`. */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { createProject, ProjectRefused } from "./create-project.ts";
import { nextSteps } from "./next-steps.ts";
import { TEMPLATES } from "./templates.ts";

const USAGE = `Usage: npm create agentcore [DIRECTORY] [-- --template NAME]

Begins a project in DIRECTORY, by default here. Templates:
${TEMPLATES.map(({ name, description }) => `  ${name.padEnd(12)}${description}`).join("\n")}
`;

/** Ends the process with 0, 1 for a project that was not made, 2 for usage. */
export const main = async (words: readonly string[]): Promise<void> => {
  try {
    const { values, positionals } = parseArgs({
      args: [...words],
      allowPositionals: true,
      options: {
        template: { type: "string", short: "t", default: "typescript" },
        help: { type: "boolean", short: "h" },
      },
    });
    if (values.help === true || positionals.length > 1) {
      process.stdout.write(USAGE);
      process.exitCode = values.help === true ? 0 : 2;
      return;
    }
    const project = await createProject({
      directory: positionals[0] ?? ".",
      template: values.template,
      version: VERSION,
    });
    process.stdout.write(nextSteps(project, process.cwd()));
  } catch (error) {
    const isUsage = error instanceof TypeError && "code" in error;
    if (!isUsage && !(error instanceof ProjectRefused)) throw error;
    process.stderr.write(`error: ${error.message}\n${isUsage ? `\n${USAGE}` : ""}`);
    process.exitCode = isUsage ? 2 : 1;
  }
};

// One version for all packages.
const { version: VERSION } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
  readonly version: string;
};
