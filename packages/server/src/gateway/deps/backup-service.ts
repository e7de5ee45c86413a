/** Copies of all that the store holds. */
export interface BackupService {
  /** The bytes of a backup; ends in an error when it cannot be finished. One at a time: throws OVERLOADED. */
  take(signal: AbortSignal): ReadableStream<Uint8Array>;
}
