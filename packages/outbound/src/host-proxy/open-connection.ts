/** Connections of a proxy to what a name leads to: what is connected to was judged. */
import { lookup as systemLookup } from "node:dns";
import { connect, isIP, type Socket } from "node:net";
import { createConnectionLookup, type GuardedLookupOptions, type Lookup } from "../guarded-lookup.ts";

/** Rejects as the resolver, the policy (CONFIG_INVALID) or the network says, with ETIMEDOUT, and when `client` is closed before. */
type OpenConnection = (host: string, port: number, client: Socket) => Promise<Socket>;

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
  return (host, port, client) =>
    new Promise((resolve, reject) => {
      // Nobody looks an address up, and so nobody would judge it.
      if (isIP(host) !== 0) return reject(failure("EINVAL"));
      const socket = connect({ host, port, lookup, allowHalfOpen: true, autoSelectFamily: true });
      onBegin(socket);
      const late = (): void => void socket.destroy(failure("ETIMEDOUT"));
      const timeout = setTimeout(late, CONNECT_TIMEOUT_MS);
      // Else who comes and goes has as many under way as it likes, for whom nobody is counted.
      const leave = (): void => void socket.destroy();
      if (client.destroyed) leave();
      client.once("close", leave);
      socket.on("error", reject);
      socket.once("close", () => {
        clearTimeout(timeout);
        client.off("close", leave);
        reject(failure("ECONNABORTED"));
      });
      socket.once("connect", () => {
        clearTimeout(timeout);
        // What it has said to its end is still to arrive.
        client.off("close", leave);
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
