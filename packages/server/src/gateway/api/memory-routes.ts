/** What agents remember: looked at, searched, and forgotten. */
import { Forgotten, MemoryEntry, MemoryPoolStatus, Recalled } from "@agentcore/contract";
import { z } from "zod";
import type { MemoryService } from "../deps/memory-service.ts";
import { jsonResponse } from "../http/responses.ts";
import { type ApiRoute, apiRoute } from "./api-route.ts";

const PoolName = z.string().min(1).max(512);
const Page = { after: z.string().max(512).optional(), limit: z.coerce.number().int().min(1).max(1000).default(100) };
const Text = z.string().min(1).max(8192);

const ForgetBody = z
  .strictObject({
    /** @default every pool of the tenant */
    pool: PoolName.optional(),
    id: Text.optional(),
    words: Text.optional(),
    task: Text.optional(),
    document: Text.optional(),
    caller: Text.optional(),
    all: z.literal(true).optional(),
  })
  .superRefine(({ pool, ...which }, context) => {
    const given = Object.entries(which).flatMap(([name, value]) => (value === undefined ? [] : [name]));
    const issue = (path: string[], message: string) => context.addIssue({ code: "custom", path, message });
    if (given.length !== 1) issue([], "expected exactly one of id, words, task, document, caller, all");
    else if (pool === undefined && ["id", "words", "all"].includes(given[0] ?? ""))
      issue(["pool"], `expected the pool: ${given[0]} is of one; task, document and caller may be of all`);
  });

export const createMemoryRoutes = (memory: () => Promise<MemoryService>): readonly ApiRoute[] => [
  apiRoute({
    method: "GET",
    path: "/api/v1/memory",
    operationId: "listMemoryPools",
    summary: "Pools of memories that the caller may read: of operators all of the tenant",
    tag: "memory",
    query: z.object(Page),
    answer: {
      status: 200,
      schema: z.object({ pools: z.array(MemoryPoolStatus), nextAfter: z.string().nullable() }),
      description: "A page of pools, in no order that means something; `nextAfter` is the next page's `after`",
    },
    handle: async ({ scope, query }) => jsonResponse(await (await memory()).pools(scope, query)),
  }),
  apiRoute({
    method: "GET",
    path: "/api/v1/memory/entries",
    operationId: "listMemories",
    summary: "The memories of a pool",
    tag: "memory",
    query: z.object({ pool: PoolName, ...Page }),
    answer: {
      status: 200,
      schema: z.object({ entries: z.array(MemoryEntry), nextAfter: z.string().nullable() }),
      description: "A page of memories, by id",
    },
    handle: async ({ scope, query: { pool, ...page } }) => jsonResponse(await (await memory()).list(scope, pool, page)),
  }),
  apiRoute({
    method: "GET",
    path: "/api/v1/memory/entries/{id}",
    operationId: "getMemory",
    summary: "One memory, with where it came from",
    tag: "memory",
    query: z.object({ pool: PoolName }),
    answer: { status: 200, schema: MemoryEntry, description: "The memory" },
    handle: async ({ scope, path, query }) =>
      jsonResponse(await (await memory()).get(scope, query.pool, path.id ?? "")),
  }),
  apiRoute({
    method: "POST",
    path: "/api/v1/memory/recall",
    operationId: "recallMemories",
    summary: "Search a pool, as an agent does: what is found, and why",
    tag: "memory",
    body: z.strictObject({
      pool: PoolName,
      query: Text,
      limit: z.int().min(1).max(50).optional(),
      tags: z.array(z.string().min(1).max(64)).max(20).optional(),
      document: z.string().min(1).max(1024).optional(),
    }),
    answer: { status: 200, schema: Recalled, description: "Best first" },
    handle: async ({ request, scope, body }) =>
      jsonResponse(await (await memory()).recall(scope, body, request.signal)),
  }),
  apiRoute({
    method: "POST",
    path: "/api/v1/memory/forget",
    operationId: "forgetMemories",
    summary: "Forget one memory, or all that came from a task, a document or a caller: text, words and vectors",
    tag: "memory",
    access: "operator",
    body: ForgetBody,
    answer: { status: 200, schema: Forgotten, description: "What is gone, on all nodes" },
    handle: async ({ scope, body }) => jsonResponse(await (await memory()).forget(scope, body as ForgetRequest)),
  }),
];

type ForgetRequest = Parameters<MemoryService["forget"]>[1];
