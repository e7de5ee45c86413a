/**
 * gRPC's own form is `host:port`, which says nothing about TLS (A2A leaves it open). Then it is TLS at port 443, and where the card came
 * over TLS: a host that has a certificate for the one has it for the other, and nothing secret goes out in the clear because a card is terse.
 */
export const grpcUrl = (address: string, from: string): string => {
  const scheme = /^(grpcs?|https?):\/\//i.exec(address)?.[1]?.toLowerCase();
  const rest = address.replace(/^\w+:\/\/\/?/, "");
  const isCardSecure = URL.parse(from)?.protocol === "https:";
  const isSecure = scheme === undefined ? isCardSecure || /:443\/?$/.test(rest) : scheme.endsWith("s");
  const url = URL.parse(`${isSecure ? "https" : "http"}://${rest}`);
  return url === null ? address : url.href.replace(/\/$/, "");
};
