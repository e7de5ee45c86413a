import { relative } from "node:path";
import type { Project } from "./create-project.ts";

/** What was made, and what to type now. */
export const nextSteps = ({ directory, template, files }: Project, cwd: string): string => {
  const path = relative(cwd, directory);
  const steps = [
    ...(path === "" ? [] : [`cd ${path}`]),
    "npm install",
    "npm start",
    `npx agentcore run ${template.agent}      # in another terminal`,
  ];
  return `Made ${path === "" ? "here" : path} from the template ${template.name}: ${files.length} files.\n\n${steps.map((step) => `  ${step}`).join("\n")}\n`;
};
