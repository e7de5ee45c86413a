/** The web globals core may use, and no others: time, randomness and I/O come through ports. */
interface AbortSignal {
  readonly aborted: boolean;
  readonly reason: unknown;
  addEventListener(type: "abort", listener: () => void, options?: { once?: boolean }): void;
  removeEventListener(type: "abort", listener: () => void): void;
  throwIfAborted(): void;
}
interface AbortController {
  readonly signal: AbortSignal;
  abort(reason?: unknown): void;
}
declare const AbortController: { prototype: AbortController; new (): AbortController };
declare function queueMicrotask(callback: () => void): void;
declare function structuredClone<T>(value: T): T;
/** Of characters that stand for one byte each. */
declare function btoa(bytes: string): string;
interface TextEncoder {
  encode(text: string): Uint8Array;
}
declare const TextEncoder: { new (): TextEncoder };
interface TextDecoder {
  decode(bytes: Uint8Array): string;
}
declare const TextDecoder: { new (): TextDecoder };
