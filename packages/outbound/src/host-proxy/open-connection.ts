/** Connections of a proxy to what a name leads to: what is connected to was judged. */
import { lookup as systemLookup } from "node:dns";
import { connect, type Socket } from "node:net";
import { createConnectionLookup, type GuardedLookupOptions, type Lookup } from "../guarded-lookup.ts";

/** Rejects as the resolver, the policy (CONFIG_INVALID) or the network says, and with ETIMEDOUT. */
type OpenConnection = (host: string, port: number) => Promise<Socket>;

/** Names and connections together. */
const CONNECT_TIMEOUT_MS = 10_000;
const MAX_WAITING_LOOKUPS = 128;

/** `onBegin` has each socket before it is connected: whoever ends all of them ends that one too. */
export const createOpenConnection = (
  policy: GuardedLookupOptions,
  onBegin: (socket: Socket) => void,
): OpenConnection => {
  // A protocol matters to those alone who send secrets.
  const lookup = createConnectionLookup({ ...policy, lookup: inTurn(policy.lookup ?? systemLookup) })("https:");
  return (host, port) =>
    new Promise((resolve, reject) => {
      const socket = connect({ host, port, lookup, allowHalfOpen: true, autoSelectFamily: true });
      onBegin(socket);
      const late = (): void => void socket.destroy(failure("ETIMEDOUT"));
      const timeout = setTimeout(late, CONNECT_TIMEOUT_MS);
      socket.on("error", reject);
      socket.once("close", () => {
        clearTimeout(timeout);
        reject(failure("ECONNABORTED"));
      });
      socket.once("connect", () => {
        clearTimeout(timeout);
        resolve(socket);
      });
    });
};

const failure = (code: string): Error => Object.assign(new Error(code), { code });

/** One after the other: a resolver that hangs holds one thread of the few that this process has for files too. */
const inTurn = (lookup: Lookup): Lookup => {
  const waiting: (() => void)[] = [];
  let isBusy = false;
  const goOn = (): void => {
    const next = waiting.shift();
    isBusy = next !== undefined;
    next?.();
  };
  return (hostname, options, callback) => {
    if (waiting.length >= MAX_WAITING_LOOKUPS) return callback(failure("EAGAIN"), []);
    waiting.push(() =>
      lookup(hostname, options, (error, addresses) => {
        goOn();
        callback(error, addresses);
      }),
    );
    if (!isBusy) goOn();
  };
};
