/** What is sealed belongs here: sealed text or bytes moved to another scope do not open (I7). */
export interface SealScope {
  readonly tenantId: string;
  /**
   * Which row: `task/<id>` for the events and the mail of a task, `reference/task/<id>` for the names of blobs in their place,
   * `value/<namespace>/<key>`, `blob/<namespace>/<name>`, `outbox`.
   */
  readonly subject: string;
}

/** Seals what is kept, with the first of its keys; opens with whichever of them sealed. Synchronous: it holds up no commit. */
export interface PayloadCodec {
  /** False without a key: everything is kept plain, and what is sealed does not open. */
  readonly seals: boolean;
  /** True: whatever is kept was sealed, so what lies plain is of another hand and does not open. Never without a key. */
  readonly sealedOnly: boolean;
  /** Text that begins with the name of the key and a colon. Another text each time. */
  seal(scope: SealScope, text: string): string;
  /** Throws PAYLOAD_UNREADABLE: the key is not there (its name is in the message), or the text was changed or moved. */
  open(scope: SealScope, sealed: string): string;
  sealBytes(scope: SealScope, bytes: Uint8Array): Uint8Array;
  /** Throws PAYLOAD_UNREADABLE. */
  openBytes(scope: SealScope, sealed: Uint8Array): Uint8Array;
  /** 64 hexadecimal digits that stand for this content in this tenant, and without a key confirm no guess at it. */
  nameOf(tenantId: string, bytes: Uint8Array): string;
  /** Whether `nameOf` gave this name to this content, with whichever of the keys or without one. */
  isNameOf(tenantId: string, bytes: Uint8Array, name: string): boolean;
}
