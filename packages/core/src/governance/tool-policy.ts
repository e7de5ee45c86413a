/**
 * Whether a task may call a tool, and on which terms: what the tool says of itself, and all policies of the tenant that are about it. Each can only
 * narrow what the others leave (`narrowed`). Pure.
 */
import type { PolicySpec, ToolRule } from "@agentcore/contract";
import { isLike } from "../star-pattern.ts";

export interface DeclaredPolicy {
  readonly name: string;
  readonly spec: PolicySpec;
}

/** Of whoever a task works for: scopes, or `all` of an operator. Undefined: nobody knows. */
export type Permissions = "all" | readonly string[] | undefined;

/** On which terms a tool runs. */
export interface ToolTerms {
  /** People are asked, whatever the arguments. */
  readonly approval: boolean;
  /** Who may approve, where anybody is asked. Undefined: whoever may send messages to the task. None: nobody can. */
  readonly approvers?: readonly string[] | undefined;
  /** It counts as one that changes something and must not act twice, whatever it says. */
  readonly changes?: boolean | undefined;
  readonly timeoutMs?: number | undefined;
  readonly maxCalls?: number | undefined;
  readonly maxCostUsd?: number | undefined;
}

export interface ToolFacts {
  readonly agent: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly tool: string;
  /** Scope that the tool asks for. */
  readonly permission: string | undefined;
  readonly permissions: Permissions;
  readonly terms: ToolTerms;
  readonly policies: readonly DeclaredPolicy[];
}

export interface ToolJudgement {
  readonly choice: "allow" | "deny";
  /** None: nothing but the tool itself says anything. */
  readonly reasons: readonly string[];
  readonly terms: ToolTerms;
}

export const judgeTool = (facts: ToolFacts): ToolJudgement => {
  const { tool, permission, permissions, policies } = facts;
  const denials: string[] = [];
  const reasons: string[] = [];
  let { terms } = facts;
  const require = (scope: string, by: string): void => {
    if (permissions !== "all" && permissions?.includes(scope) !== true)
      denials.push(
        permissions === undefined
          ? `${by} asks for the scope ${scope}, and nobody knows what whoever the task works for may do`
          : `${by} asks for the scope ${scope}, which whoever the task works for does not have`,
      );
  };
  if (permission !== undefined) require(permission, `tool ${tool}`);
  for (const { name, spec } of policies) {
    if (!isAbout(spec, facts)) continue;
    for (const rule of spec.tools) {
      if (!isLike(rule.match, tool)) continue;
      const because = rule.reason === undefined ? "" : `: ${rule.reason}`;
      if (rule.deny === true) denials.push(`policy ${name} denies ${rule.match}${because}`);
      else reasons.push(`policy ${name} narrows ${rule.match}: ${narrowing(rule)}${because}`);
      if (rule.permission !== undefined) require(rule.permission, `policy ${name}`);
      terms = narrowed(terms, termsOf(rule));
    }
  }
  return denials.length > 0 ? { choice: "deny", reasons: denials, terms } : { choice: "allow", reasons, terms };
};

/** What holds where both hold. */
export const narrowed = (one: ToolTerms, other: ToolTerms): ToolTerms => ({
  approval: one.approval || other.approval,
  ...given("approvers", both(one.approvers, other.approvers)),
  ...(one.changes === true || other.changes === true ? { changes: true } : {}),
  ...given("timeoutMs", least(one.timeoutMs, other.timeoutMs)),
  ...given("maxCalls", least(one.maxCalls, other.maxCalls)),
  ...given("maxCostUsd", least(one.maxCostUsd, other.maxCostUsd)),
});

const isAbout = ({ agents }: PolicySpec, { agent, labels }: ToolFacts): boolean => {
  if (agents === undefined) return true;
  if (Array.isArray(agents)) return agents.includes(agent);
  return Object.entries(agents.labels).every(([name, value]) => labels[name] === value);
};

const termsOf = ({ approval, approvers, changes, timeoutMs, maxCalls, maxCostUsd }: ToolRule): ToolTerms => ({
  approval: approval !== undefined,
  ...{ approvers, changes, timeoutMs, maxCalls, maxCostUsd },
});

const NARROWING = ["approval", "approvers", "permission", "changes", "timeoutMs", "maxCalls", "maxCostUsd"] as const;

const narrowing = (rule: ToolRule): string =>
  NARROWING.map((name) => [name, rule[name]] as const)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name} ${Array.isArray(value) ? value.join(" or ") : value}`)
    .join(", ");

const both = (one: readonly string[] | undefined, other: readonly string[] | undefined) =>
  one === undefined ? other : other === undefined ? one : one.filter((name) => other.includes(name));

const least = (one: number | undefined, other: number | undefined): number | undefined =>
  one === undefined ? other : other === undefined ? one : Math.min(one, other);

const given = <Name extends string, Value>(
  name: Name,
  value: Value | undefined,
): { readonly [Each in Name]?: Value } =>
  value === undefined ? {} : ({ [name]: value } as { readonly [Each in Name]?: Value });
