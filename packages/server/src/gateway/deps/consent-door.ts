/** What somebody is asked to consent to. */
export interface ConsentView {
  readonly tenantId: string;
  /** Of the Tool. */
  readonly manifest: string;
  /** Whose consent it is. */
  readonly caller: string;
  /** Origin of the server. */
  readonly server: string;
  readonly scopes: readonly string[];
  /** That asks; absent where somebody called a tool by hand. */
  readonly task?: { readonly taskId: string; readonly agent: string } | undefined;
}

/** Where people consent to MCP servers, whom a task has asked. */
export interface ConsentDoor {
  /** `isGiven`: it was, since it was asked for. Throws NOT_FOUND. */
  look(tenantId: string, id: string): Promise<ConsentView & { readonly isGiven: boolean }>;
  /** Where the person goes, and what their browser keeps until it is back with that `state`. Throws NOT_FOUND, UPSTREAM_FAILED, CONFIG_INVALID, CONFLICT. */
  begin(
    tenantId: string,
    id: string,
  ): Promise<{ readonly authorizationUrl: string; readonly state: string; readonly browser: string }>;
  /** Tokens are kept, and tasks go on, when it resolves. Throws PERMISSION_DENIED, NOT_FOUND, CONFLICT (the manifest names another server since), CONFIG_INVALID, UPSTREAM_FAILED, UNAUTHENTICATED. */
  finish(
    back: {
      readonly state: string;
      readonly code?: string | undefined;
      readonly iss?: string | undefined;
      readonly error?: string | undefined;
      readonly errorDescription?: string | undefined;
    },
    browser: string,
  ): Promise<ConsentView>;
  /** What the node is to authorisation servers, by an address of its own. Throws NOT_INSTALLED. */
  client(): Promise<Readonly<Record<string, unknown>>>;
}
