import type { TaskEvent } from "@agentcore/contract";
import type { CallerScope, SubmitRequest, Submitted } from "@agentcore/core/tasks";

/** Patterns over a tenant's agents. */
export interface OrchestrationService {
  patterns(): Promise<
    readonly {
      readonly name: string;
      readonly description: string;
      /** JSON Schema. */
      readonly configuration: Readonly<Record<string, unknown>>;
      readonly example: { readonly input: unknown; readonly configuration: unknown };
    }[]
  >;
  /** Throws INVALID_ARGUMENT, NO_CANDIDATE with all that is missing, PERMISSION_DENIED. */
  execute(
    scope: CallerScope,
    run: Omit<SubmitRequest, "target" | "skill" | "message"> & {
      readonly pattern: string;
      readonly configuration: unknown;
      readonly requirements?:
        | { readonly agents?: readonly string[] | undefined; readonly capabilities?: readonly string[] | undefined }
        | undefined;
    },
  ): Promise<Submitted>;
  /** Events of a task of that agent, in plain words. */
  log(events: readonly TaskEvent[], agent: string): Promise<readonly object[]>;
}
