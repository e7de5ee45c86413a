import { createGuardedFetch, type GuardedFetch } from "./guarded-fetch.ts";
import { byNamedOrigin, type NamedOriginsOptions } from "./named-origins.ts";

/** `fetch` for a tool. Others than the named are called only where they are public. As `createGuardedFetch` for each. */
export const createNamedFetch = (options: NamedOriginsOptions): GuardedFetch => {
  const fetches = byNamedOrigin(options, createGuardedFetch);
  const namedFetch = async (...[input, init, call]: Parameters<GuardedFetch>): Promise<Response> =>
    fetches.of(input instanceof Request ? input.url : String(input)).way(input, init, call);
  return Object.assign(namedFetch, {
    close() {
      for (const each of fetches.all) each.close();
    },
  });
};
