/** Stores that hold back, fail or look on: some methods of a store, or all of them, replaced. */
import type { TaskStore } from "../src/ports/index.ts";

/** Each is given the method it replaces, then what that was called with. */
export type StoreWraps = {
  readonly [Name in keyof TaskStore]?: (
    next: TaskStore[Name],
    ...given: Parameters<TaskStore[Name]>
  ) => ReturnType<TaskStore[Name]>;
};

type Ask = (...given: unknown[]) => Promise<unknown>;

export const wrapStore = (store: TaskStore, wraps: StoreWraps): TaskStore =>
  new Proxy(store, {
    get: (target, name: keyof TaskStore) => {
      const wrap = wraps[name] as ((next: unknown, ...given: unknown[]) => unknown) | undefined;
      return wrap === undefined ? target[name] : (...given: unknown[]) => wrap(target[name].bind(target), ...given);
    },
  });

/** `around` stands before every method. */
export const wrapWholeStore = (
  store: TaskStore,
  around: (name: keyof TaskStore, ask: () => Promise<unknown>, given: readonly unknown[]) => Promise<unknown>,
): TaskStore =>
  new Proxy(store, {
    get: (target, name: keyof TaskStore) =>
      // The one method that answers at once.
      name === "listen"
        ? target.listen.bind(target)
        : (...given: unknown[]) => around(name, () => (target[name] as Ask).apply(target, given), given),
  });
