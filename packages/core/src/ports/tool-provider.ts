import type { Credential } from "@agentcore/contract";

/** A tool of a Tool manifest, as it is recorded by a task that asks for it. */
export interface ListedTool {
  /** What models call it by: 1 to 64 letters, digits, `_` and `-`, unique among those of all manifests of the tenant. */
  readonly name: string;
  /** What it is called where it runs. */
  readonly origin: string;
  readonly description: string;
  /** JSON Schema of an object. */
  readonly inputJsonSchema: Readonly<Record<string, unknown>>;
  /** What its author says of it; believed as far as the author is. */
  readonly hints?:
    | {
        readonly readOnly?: boolean | undefined;
        readonly destructive?: boolean | undefined;
        readonly idempotent?: boolean | undefined;
      }
    | undefined;
  /** What holds for it wherever a task calls it, as `Tool` has it; a tool of a server says none of it. */
  readonly terms?: ListedTerms | undefined;
}

/** What of a `Tool` can be written down: recorded with the list, so a run goes on under what it saw. */
export interface ListedTerms {
  readonly permission?: string | undefined;
  readonly timeoutMs?: number | undefined;
  readonly costUsd?: number | undefined;
  readonly maxCalls?: number | undefined;
  readonly approval?: "never" | "always" | undefined;
  readonly approvers?: readonly string[] | undefined;
}

/** Who asks. */
export interface ToolCaller {
  readonly tenantId: string;
  readonly agent: string;
  readonly taskId: string;
  /** For whom the task works. */
  readonly caller: string;
}

/** In `details.consent` of an UNAUTHENTICATED: the server wants the consent of whoever the task works for. Nothing was done. */
export interface ConsentNeeded {
  readonly manifest: string;
  /** Where it is given. */
  readonly url: string;
  readonly scopes?: readonly string[] | undefined;
  /** In the log of a fork: another task was told so, and nobody had answered. The call is made again, and says where this one's is given. */
  readonly askAnew?: true | undefined;
}

/** In `details.question` of an INPUT_REQUIRED: the server goes on when a person has answered. What it did before that, it knows by `state`. */
export interface ToolQuestion {
  readonly manifest: string;
  readonly forms: readonly {
    /** As the server names it. */
    readonly id: string;
    /** In words for a person. */
    readonly message: string;
    /** A JSON Schema of an object with plain members. */
    readonly form: Readonly<Record<string, unknown>>;
  }[];
  /** Handed back as it is. */
  readonly state?: string | undefined;
}

export interface FormReply {
  readonly action: "accept" | "decline" | "cancel";
  /** Of `accept`. */
  readonly content?: Readonly<Record<string, unknown>> | undefined;
}

/** To the questions that the call before has asked. */
export interface ToolAnswers {
  /** By the form's id. */
  readonly replies: Readonly<Record<string, FormReply>>;
  readonly state?: string | undefined;
}

/** What people have consented to. */
export interface ToolConsents {
  /** Whether the caller has, so that the call may be made again. */
  given(caller: ToolCaller, manifest: string): Promise<boolean>;
  /** Takes a token that somebody gives in place of it, until `expiresAt` (milliseconds since 1970). Throws INVALID_ARGUMENT for what is no bearer. */
  keep(caller: ToolCaller, manifest: string, credential: Credential, expiresAt: number | undefined): Promise<void>;
}

/** Tools that were declared by manifests. A call is tried once: to try again is the caller's, which waits durably. */
export interface ToolProvider {
  /** Absent: no server asks for consent. */
  readonly consents?: ToolConsents | undefined;
  /** Those of the manifest as they are now. Throws NOT_FOUND, CONFIG_INVALID, NOT_INSTALLED, OVERLOADED, UPSTREAM_FAILED, UNAUTHENTICATED (see `ConsentNeeded`). */
  list(caller: ToolCaller, manifest: string, signal: AbortSignal): Promise<readonly ListedTool[]>;
  /**
   * What it gives, as JSON. Throws as `list`, and what the tool throws; what a server says went wrong as UPSTREAM_FAILED, not retryable; OUTCOME_UNKNOWN where it
   * may or may not have acted; INPUT_REQUIRED (see `ToolQuestion`). Retryable is only what may be sent again: as a RetryableError what did not get there, else what does no harm twice.
   */
  call(
    caller: ToolCaller,
    call: {
      readonly manifest: string;
      readonly tool: ListedTool;
      readonly input: unknown;
      /** The same on every try. */
      readonly idempotencyKey: string;
      readonly answers?: ToolAnswers | undefined;
      readonly signal: AbortSignal;
    },
  ): Promise<unknown>;
}
