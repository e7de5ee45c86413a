/**
 * Between a store and the database: falls silent as a host does that loses its power. Nothing passes any more, and nobody is told that
 * a connection has ended.
 */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

export interface SilentProxy {
  /** The database's address, by way of this. */
  readonly url: string;
  /** Resolves when it has fallen silent. */
  readonly silence: Promise<void>;
  readonly fallSilent: () => void;
  readonly close: () => void;
}

/** `instead`: falls silent by itself instead of delivering the answer to the first query with this text. */
export const startSilentProxy = async (
  target: string,
  { instead }: { readonly instead?: string } = {},
): Promise<SilentProxy> => {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  let isSilent = false;
  let isNext = false;
  let fallSilent = (): void => {};
  const silence = new Promise<void>((resolve) => {
    fallSilent = () => {
      isSilent = true;
      resolve();
    };
  });
  const keep = (socket: Socket): Socket => {
    sockets.add(socket);
    return socket.on("error", () => undefined);
  };
  const server = createServer((near) => {
    keep(near);
    if (isSilent) return;
    const far = keep(connect(Number(port), hostname));
    near.on("data", (bytes) => {
      if (isSilent) return;
      if (instead !== undefined && bytes.includes(instead)) isNext = true;
      far.write(bytes);
    });
    far.on("data", (bytes) => {
      if (isNext) fallSilent();
      if (!isSilent) near.write(bytes);
    });
    near.on("close", () => !isSilent && far.destroy());
    far.on("close", () => !isSilent && near.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = new URL(target);
  url.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    ...{ url: url.href, silence, fallSilent },
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
};
