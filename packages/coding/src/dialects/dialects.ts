import type { CodingSpec } from "@agentcore/contract";
import { claudeCode } from "./claude-code.ts";
import { codex } from "./codex.ts";
import { command } from "./command.ts";
import type { Dialect } from "./dialect.ts";
import { gemini } from "./gemini.ts";
import { opencode } from "./opencode.ts";

const DIALECTS: Readonly<Record<CodingSpec["program"], Dialect>> = {
  "claude-code": claudeCode,
  codex,
  gemini,
  opencode,
  command,
};

export const dialectOf = ({ program, resumeArgs }: Pick<CodingSpec, "program" | "resumeArgs">): Dialect => {
  const dialect = DIALECTS[program];
  return program === "command" ? { ...dialect, resumes: resumeArgs !== undefined } : dialect;
};
