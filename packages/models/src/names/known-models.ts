/** What a name leads to by itself, made once and not at each of thousands of calls a second. */
import type { ModelSpec } from "@agentcore/contract";
import type { NamedModel } from "../choice/resolve-chain.ts";
import type { Environment } from "../environment.ts";
import { targetsOf } from "./targets-of.ts";

interface Known {
  readonly name: string;
  readonly model: NamedModel;
  /** Variables that it goes by, as they were. */
  readonly variables: readonly (readonly [variable: string, value: string | undefined])[];
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
    if (known?.name === name && known.variables.every(([variable, value]) => this.#env[variable] === value))
      return known.model;
    const read = new Map<string, string | undefined>();
    const model = modelOf(name, spec, noting(this.#env, read));
    const made: Known = { name, model, variables: [...read] };
    if (spec !== null) this.#declared.set(spec, made);
    else {
      const [oldest] = this.#named.keys();
      if (this.#named.size >= MAX_NAMES && oldest !== undefined) this.#named.delete(oldest);
      this.#named.set(name, made);
    }
    return model;
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

/** The environment, with a note of what is read. */
const noting = (env: Environment, read: Map<string, string | undefined>): Environment =>
  new Proxy(env, {
    get(_, variable) {
      if (typeof variable !== "string") return undefined;
      const value = env[variable];
      read.set(variable, value);
      return value;
    },
  });
