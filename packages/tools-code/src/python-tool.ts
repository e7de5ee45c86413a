import type { Sandbox } from "@agentcore/sandbox";
import type { Tool } from "@agentcore/sdk";
import { type CodeInput, type CodeToolOptions, type CodeToolOutput, codeTool } from "./code-tool.ts";

/** Runs Python that a model wrote. Needs pyodide beside the sandbox. Throws SANDBOX_UNAVAILABLE where this machine cannot hold it. */
export const pythonTool = (
  sandbox: Pick<Sandbox, "runPython">,
  options: CodeToolOptions = {},
): Tool<CodeInput, CodeToolOutput> =>
  codeTool(
    {
      name: "run_python",
      description: "Runs Python, for calculations and for working on data.",
      rules:
        "The code finds `input`; its result is its last expression, which must be JSON. It has the standard library, no other packages, no files and no network.",
      run: sandbox.runPython,
    },
    options,
  );
