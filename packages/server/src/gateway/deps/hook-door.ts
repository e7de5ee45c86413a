/** Standard agents "webhook", as outside services find them. */
export interface HookDoor {
  /** Null: there is none of that name. */
  find(tenantId: string, name: string): Promise<HookEntry | null>;
}

export interface HookEntry {
  /** Of one delivery. */
  readonly maxBytes: number;
  /**
   * Durable when it resolves; null: it is not signed as it should be, and nothing was kept. Throws OVERLOADED, UNAVAILABLE (a secret is missing), INVALID_ARGUMENT
   * (no id), CONTENT_TYPE_NOT_SUPPORTED, PARSE_ERROR, and what `TaskService.submit` throws.
   */
  deliver(headers: Headers, body: Uint8Array): Promise<{ readonly repeated: boolean } | null>;
}
