import { PlatformError } from "@agentcore/contract";
import type { Tool } from "@agentcore/contract/authoring";
import { violationsOf } from "./schema-issues.ts";

type Parsed = { readonly value: unknown };

/** Throws INVALID_ARGUMENT. */
export const parseToolInput = (
  { name, input }: Pick<Tool, "name" | "input">,
  value: unknown,
): Parsed | Promise<Parsed> => {
  const judge = (checked: Awaited<ReturnType<(typeof input)["~standard"]["validate"]>>): Parsed => {
    if (checked.issues === undefined) return { value: checked.value };
    throw new PlatformError(
      "INVALID_ARGUMENT",
      `the input of tool ${name} is refused: ${checked.issues.map(({ message }) => message).join("; ")}`,
      { violations: violationsOf(checked.issues) },
    );
  };
  const checked = input["~standard"].validate(value);
  return checked instanceof Promise ? checked.then(judge) : judge(checked);
};
