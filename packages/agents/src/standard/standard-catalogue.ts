/** The standard agents by name, as manifests name them. */
import { type FieldViolation, invalidArgument, type LatencyBand, latencyBand } from "@agentcore/contract";
import {
  type AgentDefinition,
  type DeclaredTools,
  PlatformError,
  type Schema,
  type SkillOptions,
  type Tool,
} from "@agentcore/sdk";
import { z } from "zod";
import { cacheManagerAgent, cacheManagerKind } from "./cache-manager/cache-manager.ts";
import { contextBuilderAgent, contextBuilderKind } from "./context-builder/context-builder.ts";
import { errorKeeperAgent, errorKeeperKind } from "./error-keeper/error-keeper.ts";
import { httpAgent, httpKind } from "./http/http.ts";
import { intentParserAgent, intentParserKind } from "./intent-parser/intent-parser.ts";
import { logKeeperAgent, logKeeperKind } from "./log-keeper/log-keeper.ts";
import { modelAgent, modelKind } from "./model/model.ts";
import { monitorAgent, monitorKind } from "./monitor/monitor.ts";
import { responseFormatterAgent, responseFormatterKind } from "./response-formatter/response-formatter.ts";
import { securityAgent, securityKind } from "./security/security.ts";
import { sqlAgent, sqlKind } from "./sql/sql.ts";
import type { StandardKind, StandardNeed, StandardTrigger } from "./standard-agent.ts";
import { translatorAgent, translatorKind } from "./translator/translator.ts";
import { webhookAgent, webhookKind } from "./webhook/webhook.ts";
import { websocketAgent, websocketKind } from "./websocket/websocket.ts";
import { websocketFeedAgent, websocketFeedKind } from "./websocket-feed/websocket-feed.ts";

/** What a manifest says of it besides its options. */
export interface StandardParts {
  readonly name?: string | undefined;
  readonly description?: string | undefined;
  readonly model?: string | undefined;
  readonly tools?: readonly (Tool | DeclaredTools)[] | undefined;
  /** Makes a schema of a JSON Schema. Throws INVALID_ARGUMENT for one that it cannot hold values against. */
  readonly schemaOf: (schema: Readonly<Record<string, unknown>>, field: string) => Schema;
}

export interface StandardAgentDescription {
  readonly name: string;
  readonly description: string;
  /** Milliseconds from the request to the answer: what is usual, and what only few are slower than. */
  readonly latencyMs: { readonly from: number; readonly to: number };
  readonly latencyBand: LatencyBand;
  readonly doesNot: readonly string[];
  readonly skills: readonly SkillOptions[];
  readonly model: StandardNeed;
  readonly tools: StandardNeed;
  /** JSON Schema. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly example: { readonly options: unknown; readonly input: unknown };
  /** Durable events that begin its work, by its options, which must be right. */
  triggers(options: unknown): readonly StandardTrigger[];
  /** Throws INVALID_ARGUMENT with every option that is wrong, as `field` below. */
  define(options: unknown, parts: StandardParts): AgentDefinition;
}

const describe = <S extends Readonly<Record<string, z.ZodType>>>(
  kind: StandardKind<S>,
  make: (options: never) => AgentDefinition,
): StandardAgentDescription => {
  const schema = z.strictObject(kind.shape);
  let json: Readonly<Record<string, unknown>> | undefined;
  const { name, description, latencyMs, doesNot, skills, model, tools, example } = kind;
  return {
    ...{ name, description, latencyMs, latencyBand: latencyBand(latencyMs), doesNot, skills, model, tools, example },
    get options() {
      return (json ??= z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }));
    },
    triggers: (options) => kind.triggers?.(schema.parse(options ?? {}) as never) ?? [],
    define(options, { schemaOf, ...parts }) {
      const what = `the options of standard agent "${name}"`;
      if (options !== undefined && (typeof options !== "object" || options === null || Array.isArray(options)))
        throw invalidArgument(what, [{ field: "", description: "expected an object" }]);
      const given = Object.fromEntries(Object.entries(parts).filter(([, part]) => part !== undefined));
      refuseIdle(kind, given, what);
      const own = { ...(options as Record<string, unknown> | undefined) };
      for (const taken of Object.keys(own))
        if (!Object.hasOwn(kind.shape, taken))
          throw invalidArgument(what, [
            { field: taken, description: `is no option of it; expected one of ${Object.keys(kind.shape).join(", ")}` },
          ]);
      const { schema: declared } = own;
      if (Object.hasOwn(kind.shape, "schema") && declared !== undefined)
        own["schema"] = schemaOf(declared as Readonly<Record<string, unknown>>, "schema");
      try {
        return make({ ...own, ...given } as never);
      } catch (error) {
        const { violations } = PlatformError.from(error);
        throw violations === undefined ? error : invalidArgument(what, violations);
      }
    },
  };
};

/** What nobody would ask, and what is missing, as the fields of the manifest. */
const refuseIdle = (
  { name, model, tools }: Pick<StandardKind, "name" | "model" | "tools">,
  given: Readonly<Record<string, unknown>>,
  what: string,
): void => {
  const wrong = Object.entries({ model, tools }).flatMap(([part, need]): readonly FieldViolation[] => {
    if (need === "never" && given[part] !== undefined)
      return [{ field: `spec.${part}`, description: `says nothing about ${name}, which asks none` }];
    if (need === "required" && given[part] === undefined)
      return [{ field: `spec.${part}`, description: `expected: ${name} works by it` }];
    return [];
  });
  if (wrong.length > 0) throw invalidArgument(what, wrong);
};

const kinds: readonly StandardAgentDescription[] = [
  describe(intentParserKind, intentParserAgent),
  describe(responseFormatterKind, responseFormatterAgent),
  describe(logKeeperKind, logKeeperAgent),
  describe(errorKeeperKind, errorKeeperAgent),
  describe(monitorKind, monitorAgent),
  describe(securityKind, securityAgent),
  describe(cacheManagerKind, cacheManagerAgent),
  describe(contextBuilderKind, contextBuilderAgent),
  describe(modelKind, modelAgent),
  describe(sqlKind, sqlAgent),
  describe(translatorKind, translatorAgent),
  describe(httpKind, httpAgent),
  describe(websocketKind, websocketAgent),
  describe(webhookKind, webhookAgent),
  describe(websocketFeedKind, websocketFeedAgent),
];

export const standardCatalogue: ReadonlyMap<string, StandardAgentDescription> = new Map(
  kinds.map((each) => [each.name, each]),
);
