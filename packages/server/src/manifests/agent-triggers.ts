/** Triggers of Agent and Workflow manifests as the relay of events asks them. CEL is loaded when the first is there. */
import {
  type AnyAgentManifest,
  invalidArgument,
  PlatformError,
  parseDuration,
  type Trigger,
} from "@agentcore/contract";
import type { Debounce, Subscriber } from "@agentcore/core/tasks";
import { triggersOf } from "./triggers-of.ts";

export type CompiledTrigger = NonNullable<Subscriber["trigger"]>;

// As many as a thousand agents have; asked for again, others are compiled again.
const MAX_KEPT = 5_000;

export class AgentTriggers {
  private readonly kept = new Map<string, CompiledTrigger>();
  private readonly sha256: (text: string) => string;

  constructor(sha256: (text: string) => string) {
    this.sha256 = sha256;
  }

  /** Throws INVALID_ARGUMENT with the place of what is wrong. */
  async of(manifest: AnyAgentManifest): Promise<readonly CompiledTrigger[]> {
    const { kind, metadata } = manifest;
    const compiled: CompiledTrigger[] = [];
    for (const [index, trigger] of (await triggersOf(manifest)).entries())
      compiled.push(await this.compiled(trigger, `${kind} "${metadata.name}"`, `spec.triggers.${index}`));
    return compiled;
  }

  private async compiled(trigger: Trigger, what: string, place: string): Promise<CompiledTrigger> {
    const text = JSON.stringify(trigger);
    const known = this.kept.get(text);
    if (known !== undefined) return known;
    const made = await compile(trigger, this.sha256(text).slice(0, 16), what, place);
    const [oldest] = this.kept.keys();
    if (this.kept.size >= MAX_KEPT && oldest !== undefined) this.kept.delete(oldest);
    this.kept.set(text, made);
    return made;
  }
}

const compile = async (
  { topic, where, correlate, debounce, maxWait, input }: Trigger,
  id: string,
  what: string,
  place: string,
): Promise<CompiledTrigger> => {
  const { compileExpression, compileTemplate } = await import("@agentcore/core/expressions");
  const at = <Made extends { readonly references: readonly { readonly path: readonly (string | number)[] }[] }>(
    member: string,
    make: () => Made,
  ): Made => {
    const refuse = (description: string) => invalidArgument(what, [{ field: `${place}.${member}`, description }]);
    let made: Made;
    try {
      made = make();
    } catch (error) {
      throw refuse(PlatformError.from(error).message);
    }
    const other = made.references.find(({ path }) => path[0] !== "event");
    if (other !== undefined) throw refuse(`${String(other.path[0])}: a trigger knows \`event\` only`);
    return made;
  };
  const holds = where === undefined ? null : at("where", () => compileExpression(where));
  if (holds?.type !== undefined && holds?.type !== "boolean" && holds !== null)
    throw invalidArgument(what, [
      { field: `${place}.where`, description: `expected true or false, it is ${holds.type}` },
    ]);
  const key = correlate === undefined ? null : at("correlate", () => compileExpression(correlate));
  const template = input === undefined ? null : at("input", () => compileTemplate(input));
  return {
    ...{ id, topic, debounce: debounceOf(debounce, maxWait, input === undefined) },
    select(event) {
      if (holds !== null && holds.evaluate({ event }) !== true) return null;
      return {
        input: template === null ? event : template.evaluate({ event }),
        key: key === null ? null : keyOf(key.evaluate({ event })),
      };
    },
  };
};

const debounceOf = (quiet: string | undefined, maxWait: string | undefined, counts: boolean): Debounce | undefined => {
  const quietMs = quiet === undefined ? null : parseDuration(quiet);
  if (quietMs === null) return undefined;
  return { quietMs, counts, maxWaitMs: maxWait === undefined ? undefined : (parseDuration(maxWait) ?? undefined) };
};

/** Nothing is no key: each such event has a task of its own. */
const keyOf = (value: unknown): string | null =>
  value === null || value === undefined || value === "" ? null : JSON.stringify(value);
