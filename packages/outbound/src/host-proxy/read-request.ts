/** What a proxy is asked for, by the head of a request. */
import { Refusal } from "./refusal.ts";

export interface ProxyRequest {
  readonly host: string;
  readonly port: number;
  /** Said to the host before what follows; null: it is a tunnel, and the client is told that it is open. */
  readonly head: string | null;
}

const FIRST_LINE = /^([A-Z]{1,20}) (\S+) HTTP\/1\.[01]$/;
// RFC 9110, 5.1 and 5.5: a name without spaces, and a value without controls, by its bytes.
const FIELD = /^([\w!#$%&'*+.^`|~-]+):[^\p{Cc}]*$/u;
// RFC 9110, 7.6.1: of the connection to the proxy. What says where the body ends goes along, as the body does as it is.
const OF_CONNECTION = new Set([
  ...["connection", "keep-alive", "proxy-connection", "proxy-authorization", "te", "upgrade", "host"],
]);

/** By CONNECT, or by the whole address of plain HTTP (RFC 9112, 3.2.2 and 3.2.3). Throws a Refusal for what is neither. */
export const readRequest = ([first = "", ...fields]: readonly string[]): ProxyRequest => {
  const [, method = "", target = ""] = FIRST_LINE.exec(first) ?? [];
  if (method === "" || !fields.every((field) => FIELD.test(field.replace(/[\t\x80-\x9f]/g, " "))))
    throw new Refusal(400, "this is no request of HTTP/1");
  if (method === "CONNECT") {
    const [, host, port] = /^(.+):(\d{1,5})$/.exec(target) ?? [];
    if (host === undefined) throw new Refusal(400, "expected CONNECT with a host and a port");
    return { host, port: Number(port), head: null };
  }
  const url = URL.parse(target);
  if (url === null || url.protocol !== "http:" || url.username !== "" || url.password !== "")
    throw new Refusal(400, "this is a proxy: expected CONNECT, or a whole http:// address without a password");
  const named = fields.map((field) => ({ field, name: field.slice(0, field.indexOf(":")).toLowerCase() }));
  const said = fields
    .filter((field) => /^connection:/i.test(field))
    .flatMap((field) => field.toLowerCase().split(/[:,\s]+/));
  const isLeft = (name: string): boolean =>
    OF_CONNECTION.has(name) || (said.includes(name) && name !== "content-length" && name !== "transfer-encoding");
  const lines = [
    `${method} ${url.pathname}${url.search} HTTP/1.1`,
    // The name that is judged, and not another one behind the same address.
    `host: ${url.host}`,
    ...named.filter(({ name }) => !isLeft(name)).map(({ field }) => field),
    // The next request may be for another host.
    "connection: close",
  ];
  return { host: url.hostname, port: url.port === "" ? 80 : Number(url.port), head: `${lines.join("\r\n")}\r\n\r\n` };
};
