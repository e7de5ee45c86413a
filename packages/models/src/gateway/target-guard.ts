import type { PlatformError } from "@agentcore/contract/errors";
import type { TargetState } from "../choice/choose-targets.ts";
import type { ModelTarget } from "../model-target.ts";

/** What a node has seen of its targets decides whether they are asked: breakers, and bounds of calls under way. */
export interface TargetGuard {
  /** Whether it is asked now, and how fast it answers. */
  stateOf(tenantId: string, target: ModelTarget): TargetState;
  /** Of the targets of one model: which is to be asked first. */
  inOrder(tenantId: string, targets: readonly ModelTarget[]): readonly ModelTarget[];
  /** Counts a call as under way until `leave`. */
  enter(tenantId: string, target: ModelTarget): TargetEntry;
  leave(entry: Extract<TargetEntry, { readonly entered: true }>, end: TargetEnd): void;
}

export type TargetEntry =
  | { readonly entered: true; readonly tenantId: string; readonly targetId: string; readonly ticket: number }
  /** CIRCUIT_OPEN or BULKHEAD_FULL, with `retryAfterMs` when it is known. */
  | { readonly entered: false; readonly refusal: PlatformError };

export type TargetEnd =
  | {
      readonly outcome: "answered";
      /** Milliseconds. */
      readonly firstTokenMs?: number | undefined;
      readonly durationMs: number;
      readonly outputTokens: number;
    }
  | { readonly outcome: "failed" }
  /** It says nothing of the target's health. */
  | { readonly outcome: "abandoned" };

export const createTargetGuard = (): TargetGuard => ({
  stateOf: () => ({ expectedMs: () => undefined }),
  inOrder: (_tenantId, targets) => targets,
  enter: (tenantId, target) => ({ entered: true, tenantId, targetId: target.id, ticket: 0 }),
  leave: () => {},
});
