/** Long-term memory of a test: the real one, over stores in memory that outlive the process. Loaded when an agent first remembers. */
import type { MemoryPoolSpec } from "@agentcore/contract";
import type { Embedder, KeyValue, Senses, VectorIndex } from "@agentcore/core/ports";
import type { PlatformAgent, TaskService } from "@agentcore/core/tasks";

export interface TestMemoryOptions {
  /** MemoryPools by name, as their manifests' `spec`. */
  readonly pools?: Readonly<Record<string, MemoryPoolSpec>>;
  /** @default none: words alone */
  readonly embedder?: Embedder;
}

export const openTestMemory = async (
  { pools = {}, embedder }: TestMemoryOptions,
  parts: Senses & {
    readonly tasks: () => Pick<TaskService, "list" | "log">;
    readonly keyValue: KeyValue;
    readonly vectorIndex: VectorIndex;
    readonly isDead: () => boolean;
  },
): Promise<PlatformAgent> => {
  const { createMemoryAgent, LongTermMemory } = await import("@agentcore/core/memory");
  const { keyValue, vectorIndex, clock, ids, digest, logger, isDead } = parts;
  // A process that has died writes no more.
  const alive = <Port extends object>(port: Port): Port =>
    new Proxy(port, {
      get: (target, name) => {
        const method: unknown = Reflect.get(target, name);
        if (typeof method !== "function") return method;
        return (...given: unknown[]) => (isDead() ? new Promise(() => {}) : Reflect.apply(method, target, given));
      },
    });
  return createMemoryAgent(
    new LongTermMemory({
      ...{ clock, ids, digest, logger, sealsVectors: false, acrossNodes: false },
      ...{ keyValue: alive(keyValue), vectorIndex: alive(vectorIndex) },
      declared: async (_tenantId, name) => pools[name] ?? null,
      embedderOf: async () => embedder ?? null,
    }),
    parts.tasks(),
  );
};
