/** How a Model manifest chooses among other models: its conditions, and that it does not lead to itself. */
import { invalidArgument, type ModelManifest } from "@agentcore/contract";
import { choiceViolations } from "@agentcore/models";

/** Throws INVALID_ARGUMENT. What other manifests say is not looked at: they may change. */
export const checkChoice = async ({ metadata, spec }: ModelManifest): Promise<void> => {
  const violations = await choiceViolations(metadata.name, spec);
  if (violations.length > 0) throw invalidArgument(`model "${metadata.name}"`, violations);
};
