import type { Socket } from "node:net";
import { Refusal } from "./refusal.ts";

const MAX_HEAD_BYTES = 16_384;
const END = "\r\n\r\n";

/**
 * The lines of a request's head, each once per connection: what comes after them stays in the socket, which is paused. Rejects with a Refusal for a head that is
 * too long or takes longer than `timeoutMs`, and when the socket ends before.
 */
export const readHead = (socket: Socket, timeoutMs: number): Promise<readonly string[]> =>
  new Promise((resolve, reject) => {
    let head = Buffer.alloc(0);
    const leave = (): void => {
      clearTimeout(timeout);
      socket.off("data", take).off("end", end).off("close", end).pause();
    };
    const refuse = (status: number, why: string): void => {
      leave();
      reject(new Refusal(status, why));
    };
    const end = (): void => {
      leave();
      reject(new Error("it ended before its head did"));
    };
    const take = (piece: Buffer): void => {
      head = Buffer.concat([head, piece]);
      const at = head.indexOf(END);
      if (at > MAX_HEAD_BYTES || (at === -1 && head.length > MAX_HEAD_BYTES))
        return refuse(431, `the head of a request has more than ${MAX_HEAD_BYTES} bytes`);
      if (at === -1) return;
      leave();
      const rest = head.subarray(at + END.length);
      if (rest.length > 0) socket.unshift(rest);
      resolve(head.toString("latin1", 0, at).split("\r\n"));
    };
    const timeout = setTimeout(() => refuse(408, `the head of a request took longer than ${timeoutMs} ms`), timeoutMs);
    socket.on("data", take).on("end", end).on("close", end);
  });
