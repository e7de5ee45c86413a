import type { Sandbox } from "@agentcore/sandbox";
import type { Tool } from "@agentcore/sdk";
import { type CodeInput, type CodeToolOptions, type CodeToolOutput, codeTool } from "./code-tool.ts";

/** Runs JavaScript that a model wrote. Needs isolated-vm beside the sandbox. Throws SANDBOX_UNAVAILABLE where this machine cannot hold it. */
export const javascriptTool = (
  sandbox: Pick<Sandbox, "runJavaScript">,
  options: CodeToolOptions = {},
): Tool<CodeInput, CodeToolOutput> =>
  codeTool(
    {
      name: "run_javascript",
      description: "Runs JavaScript, for calculations and for working on data.",
      rules:
        "The code is the body of an async function: it finds `input`, and gives its result, which must be JSON, by `return`. There are no modules, files, network or timers.",
      run: sandbox.runJavaScript,
    },
    options,
  );
