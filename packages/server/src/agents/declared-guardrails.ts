import { type DeclaredGuardrail, type FieldViolation, invalidArgument, PlatformError } from "@agentcore/contract";
import type { Guardrail } from "@agentcore/contract/authoring";

/** Those that a manifest names, behind those of the agent's code. Throws INVALID_ARGUMENT with every place that is wrong. */
export const withDeclaredGuardrails = async (
  agentName: string,
  own: readonly Guardrail[],
  declared: readonly DeclaredGuardrail[],
): Promise<readonly Guardrail[]> => {
  const { guardrailCatalogue } = await import("@agentcore/agents");
  const violations: FieldViolation[] = [];
  const names = new Set(own.map(({ name }) => name));
  const guardrails = declared.flatMap(({ name, options }, index) => {
    const place = `spec.guardrails[${index}]`;
    const described = guardrailCatalogue.get(name);
    if (described === undefined) {
      const known = [...guardrailCatalogue.keys()].join(", ");
      violations.push({ field: `${place}.name`, description: `expected one of ${known}` });
      return [];
    }
    try {
      const made = described.define(options);
      // What each has said stands in logs under its name.
      if (names.has(made.name))
        violations.push({ field: place, description: `${made.name} stands there already; expected another` });
      names.add(made.name);
      return [made];
    } catch (error) {
      const { violations: wrong = [], message } = PlatformError.from(error);
      violations.push(
        ...(wrong.length === 0
          ? [{ field: `${place}.options`, description: message }]
          : wrong.map(({ field, description }) => ({
              field: field === "" ? `${place}.options` : `${place}.options.${field}`,
              description,
            }))),
      );
      return [];
    }
  });
  if (violations.length > 0) throw invalidArgument(`agent "${agentName}"`, violations);
  return [...own, ...guardrails];
};
