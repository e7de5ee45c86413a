/** What agents remember, on this node. Its code is loaded when somebody first remembers, recalls, or looks. */
import type { MemoryPoolSpec } from "@agentcore/contract";
import type { LongTermMemory } from "@agentcore/core/memory";
import type { Embedder, KeyValue, Senses, VectorIndex } from "@agentcore/core/ports";
import type { PlatformAgent, TaskService } from "@agentcore/core/tasks";
import type { ModelGateway } from "@agentcore/models";
import { loadOnce } from "../load-once.ts";
import { loadTextEmbedder } from "../models/load-word-vectors.ts";
import { modelEmbedder } from "../models/model-embedder.ts";

export interface NodeMemory {
  readonly agent: () => Promise<PlatformAgent>;
  readonly open: () => Promise<LongTermMemory>;
  /** What is over goes, of a tenant that has memories. */
  sweep(tenantId: string, signal?: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

export const createNodeMemory = (options: {
  readonly keyValue: KeyValue;
  readonly vectorIndex: VectorIndex;
  /** Whether values are sealed: then vectors are too. */
  readonly seals: boolean;
  readonly acrossNodes: boolean;
  readonly senses: Senses;
  readonly models: Pick<ModelGateway, "embed">;
  readonly tasks: () => Pick<TaskService, "list" | "log">;
  /** Of pools that name none. @default vectors of words, where they are installed */
  readonly embedder: string | undefined;
  readonly declared: (tenantId: string, name: string) => Promise<MemoryPoolSpec | null>;
}): NodeMemory => {
  const { keyValue, vectorIndex, seals, acrossNodes, senses, models, declared } = options;
  const embedderOf = async (_tenantId: string, name: string | null): Promise<Embedder | null> => {
    const model = name ?? options.embedder;
    if (model !== undefined) return modelEmbedder(models, senses.ids, { model, purpose: "embed" });
    return installed();
  };
  const installed = loadOnce(loadTextEmbedder);
  const open = loadOnce(async (): Promise<LongTermMemory> => {
    const { LongTermMemory } = await import("@agentcore/core/memory");
    const parts = { keyValue, vectorIndex, sealsVectors: seals, acrossNodes, declared, embedderOf };
    return new LongTermMemory({ ...senses, ...parts });
  });
  return {
    open,
    async agent() {
      const { createMemoryAgent } = await import("@agentcore/core/memory");
      return createMemoryAgent(await open(), options.tasks());
    },
    async sweep(tenantId, signal = new AbortController().signal) {
      const scope = { tenantId, namespace: "long-term-memory" };
      if ((await keyValue.list(scope, { prefix: "pool/", limit: 1 })).length > 0)
        await (await open()).sweep(tenantId, signal);
    },
    async close() {
      await (await open.current()?.catch(() => null))?.close();
    },
  };
};
