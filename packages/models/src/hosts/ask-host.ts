/** What a host of local models says of itself: Ollama's own API, or the list of models of OpenAI's dialect. */
import type { ModelProviderName } from "@agentcore/contract";

export interface HostModels {
  /** Name and port. */
  readonly host: string;
  /** Undefined where the host answers, and lists nothing. */
  readonly models: ReadonlySet<string> | undefined;
  /** Of those, in its memory; undefined where it does not say. */
  readonly loaded: ReadonlySet<string> | undefined;
  /** As the host calls a model. */
  nameOf(model: string): string;
}

export interface AskedHost {
  readonly baseUrl: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly provider: ModelProviderName;
  readonly fetch: typeof fetch;
  readonly signal: AbortSignal;
}

const MAX_LISTED = 10_000;

export const hasModel = ({ models, nameOf }: HostModels, model: string): boolean =>
  models === undefined || models.has(nameOf(model));

/** Throws what `fetch` does, and for answers of 5xx. Any other answer says that the host is up. */
export const askHost = async (asked: AskedHost): Promise<HostModels> => {
  const { host } = new URL(asked.baseUrl);
  const isOllama = asked.provider === "ollama";
  const root = asked.baseUrl.replace(/\/+$/, "");
  if (!isOllama) {
    const models = namesIn(await get(asked, `${root}/models`), "data", "id");
    return { host, models, loaded: undefined, nameOf: (model) => model };
  }
  const own = root.replace(/\/v1$/, "");
  const [models, loaded] = await Promise.all([
    get(asked, `${own}/api/tags`),
    // Good to know, and no more.
    get(asked, `${own}/api/ps`).catch(() => undefined),
  ]);
  return {
    host,
    models: namesIn(models, "models", "name"),
    loaded: namesIn(loaded, "models", "name"),
    nameOf: (model) => (model.includes(":") ? model : `${model}:latest`),
  };
};

/** Undefined: an answer without JSON. */
const get = async ({ fetch, headers, signal }: AskedHost, url: string): Promise<unknown> => {
  const response = await fetch(url, { headers, signal });
  if (response.status >= 500) {
    await response.body?.cancel();
    throw new Error(`it answers ${response.status}`);
  }
  if (!response.ok) {
    await response.body?.cancel();
    return undefined;
  }
  const text = await response.text();
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
};

const namesIn = (answer: unknown, list: string, member: string): ReadonlySet<string> | undefined => {
  const entries: unknown = isObject(answer) ? answer[list] : undefined;
  if (!Array.isArray(entries)) return undefined;
  return new Set(
    entries.slice(0, MAX_LISTED).flatMap((entry: unknown) => {
      const name = isObject(entry) ? entry[member] : undefined;
      return typeof name === "string" ? [name] : [];
    }),
  );
};

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null;
