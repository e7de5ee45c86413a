/** What a name leads to by itself, made once and not at each of thousands of calls a second. */
import type { ModelSpec } from "@agentcore/contract";
import type { NamedModel } from "../choice/resolve-chain.ts";
import type { Environment } from "../environment.ts";
import { isAsMade, type Made, makeBy } from "../made-by-environment.ts";
import { targetsOf } from "./targets-of.ts";

interface Known extends Made<NamedModel> {
  readonly name: string;
}

// Names of the environment are written by callers.
const MAX_NAMES = 1_000;

export class KnownModels {
  readonly #env: Environment;
  readonly #declared = new WeakMap<ModelSpec, Known>();
  /** Of the environment, in the order that they were first asked for. */
  readonly #named = new Map<string, Known>();

  constructor(env: Environment) {
    this.#env = env;
  }

  /** The same object while its manifest is, and the variables that it goes by stay as they are. Throws MODEL_NOT_CONFIGURED. */
  of(name: string, spec: ModelSpec | null): NamedModel {
    const known = spec === null ? this.#named.get(name) : this.#declared.get(spec);
    if (known?.name === name && isAsMade(known, this.#env)) return known.value;
    const made: Known = { name, ...makeBy(this.#env, (env) => modelOf(name, spec, env)) };
    if (spec !== null) this.#declared.set(spec, made);
    else {
      const [oldest] = this.#named.keys();
      if (this.#named.size >= MAX_NAMES && oldest !== undefined) this.#named.delete(oldest);
      this.#named.set(name, made);
    }
    return made.value;
  }
}

const modelOf = (name: string, spec: ModelSpec | null, env: Environment): NamedModel => {
  if (spec === null) return { targets: targetsOf(name, null, env) };
  const { candidates, choose, weights, fallback } = spec;
  return {
    targets: candidates === undefined ? targetsOf(name, spec, env) : [],
    ...{ candidates, choose, weights, fallback },
  };
};
