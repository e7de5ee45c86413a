import { PlatformError } from "@agentcore/contract/errors";
import { BackOff } from "./back-off.ts";
import { errorOfResponse, parseJson } from "./response-error.ts";
import type { ClientOptions } from "./types.ts";

export interface ApiRequest {
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  /** A string goes out as YAML, anything else as JSON. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
  /** A status besides 2xx that is an answer too. */
  readonly answersWith?: number | undefined;
}

/** Sends requests to one node. Every refusal is a PlatformError; an abort rejects with the signal's reason. */
export class ApiConnection {
  readonly origin: string;
  private readonly fetch: typeof fetch;
  private readonly options: ClientOptions;

  constructor(options: ClientOptions) {
    if (!/^https?:\/\//i.test(options.url) || !URL.canParse(options.url)) {
      throw new PlatformError("INVALID_ARGUMENT", "createClient: url: expected an http:// or https:// address");
    }
    this.options = options;
    this.origin = options.url.replace(/\/+$/, "");
    // Called through the global object: browsers refuse a detached fetch.
    this.fetch = options.fetch ?? ((input, init) => globalThis.fetch(input, init));
  }

  backOff(): BackOff {
    return new BackOff(this.options.retry);
  }

  async json<T>(method: string, path: string, request: ApiRequest = {}): Promise<T> {
    const text = await this.text(method, path, request);
    if (text === "") return undefined as T;
    const value = parseJson(text);
    if (value === undefined) {
      throw new PlatformError(
        "INTERNAL",
        `${method} ${path} was answered with something that is not JSON; is ${this.origin} an AgentCore node?`,
      );
    }
    // The server validates what it sends; checking again would bring a schema library into every page that uses the client.
    return value as T;
  }

  async text(method: string, path: string, request: ApiRequest): Promise<string> {
    const response = await this.send(method, path, request);
    return this.guard(response.text(), request.signal);
  }

  /** As `json`, and again after failures that may pass. Only for requests that are safe to repeat. */
  async jsonWithRetry<T>(method: string, path: string, request: ApiRequest): Promise<T> {
    const backOff = this.backOff();
    for (;;) {
      try {
        return await this.json<T>(method, path, request);
      } catch (error) {
        if (request.signal?.aborted || !PlatformError.is(error) || !error.retryable) throw error;
        await backOff.wait(error, error.retryAfterMs, request.signal);
      }
    }
  }

  /** Throws unless the answer is 2xx, or `answersWith`. */
  async send(
    method: string,
    path: string,
    { query, body, headers, signal, answersWith }: ApiRequest,
  ): Promise<Response> {
    const url = new URL(this.origin + path);
    for (const [key, value] of Object.entries(query ?? {})) {
      if (value !== undefined) url.searchParams.set(key, String(value));
    }
    const response = await this.guard(
      this.fetch(url.href, {
        method,
        headers: { accept: "application/json", ...this.identity(), ...contentType(body), ...headers },
        ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
        ...(signal === undefined ? {} : { signal }),
      }),
      signal,
    );
    if (!response.ok && response.status !== answersWith) throw await errorOfResponse(response, `${method} ${path}`);
    return response;
  }

  /** The body as it comes. Throws UNAVAILABLE when it breaks off. */
  async *bytes({ body }: Response, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array, void> {
    if (body === null) return;
    const reader = body.getReader();
    try {
      for (;;) {
        const { done, value } = await this.guard(reader.read(), signal);
        if (done) return;
        yield value;
      }
    } finally {
      await reader.cancel().catch(() => undefined);
    }
  }

  private identity(): Record<string, string> {
    const { apiKey } = this.options;
    return {
      ...(apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }),
    };
  }

  private async guard<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    try {
      return await work;
    } catch (cause) {
      if (signal?.aborted) throw signal.reason;
      const why = cause instanceof Error && cause.cause instanceof Error ? cause.cause.message : String(cause);
      throw new PlatformError("UNAVAILABLE", `cannot reach ${this.origin}: ${why}; is the node running?`, { cause });
    }
  }
}

const contentType = (body: unknown): Record<string, string> => {
  if (body === undefined) return {};
  return { "content-type": typeof body === "string" ? "application/yaml" : "application/json" };
};
