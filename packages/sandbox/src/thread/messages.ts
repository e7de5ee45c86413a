export interface ThreadRequest {
  readonly id: number;
  readonly value: unknown;
}

export interface ThreadFailure {
  readonly message: string;
  /** Of a PlatformError. */
  readonly code?: string;
}

export type ThreadAnswer =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly failure: ThreadFailure };
