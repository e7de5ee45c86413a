export interface Request {
  readonly id: number;
  readonly value: unknown;
}

export interface Failure {
  readonly message: string;
  /** Of a PlatformError. */
  readonly code?: string;
}

export type Answer =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly failure: Failure };
