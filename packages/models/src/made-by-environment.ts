import type { Environment } from "./environment.ts";

/** What was made by the environment as it was then. */
export interface Made<Value> {
  readonly value: Value;
  /** Variables that were read, as they were. */
  readonly variables: readonly (readonly [variable: string, value: string | undefined])[];
}

/** `make` reads variables before it returns, not later. Throws what it throws. */
export const makeBy = <Value>(env: Environment, make: (env: Environment) => Value): Made<Value> => {
  const read = new Map<string, string | undefined>();
  const noting = new Proxy(env, {
    get(_, variable) {
      if (typeof variable !== "string") return undefined;
      const value = env[variable];
      read.set(variable, value);
      return value;
    },
  });
  return { value: make(noting), variables: [...read] };
};

/** Whether it would be made the same again. */
export const isAsMade = ({ variables }: Made<unknown>, env: Environment): boolean =>
  variables.every(([variable, value]) => env[variable] === value);
