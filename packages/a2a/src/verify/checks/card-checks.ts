/** The agent card and the pages beside it (A2A 4.4, 8.2 to 8.6). */
import { found, type ListedTraits, serverCheck, skip } from "../check.ts";
import { isObject, listAt, member, shown, textAt } from "../json-values.ts";
import { CardShape, expectShape, LegacyCardShape } from "../wire-shapes.ts";

const card = (traits: ListedTraits, body: Parameters<typeof serverCheck>[1]) =>
  serverCheck({ ...traits, section: "1.13 Agent card" }, body);

// What a card that both generations read has beside 1.0's members.
const LEGACY_MEMBERS = [
  ...["protocolVersion", "url", "preferredTransport", "additionalInterfaces", "supportsAuthenticatedExtendedCard"],
  "security",
];

const isHybrid = (plain: unknown): boolean => LEGACY_MEMBERS.some((name) => member(plain, name) !== undefined);

export const CARD_CHECKS = [
  card({ id: "CARD-DISC-001", severity: "must", title: "the card is a public page of JSON" }, ({ server }) => {
    const { status, json, text } = server.plainAnswer;
    if (status !== 200) found(`HTTP ${status}`, `HTTP 200 at ${server.cardUrl}, without credentials`);
    if (!isObject(json)) found(shown(text), "a JSON object");
  }),
  card(
    { id: "AC-1.13-media-type", severity: "must", title: "the card has the media type application/json" },
    ({ server }) => {
      const type = server.plainAnswer.headers.get("content-type") ?? "none";
      if (!/^application\/json\s*(;|$)/i.test(type)) found(`content-type ${type}`, "application/json");
    },
  ),
  card(
    {
      id: "AC-1.13-structure",
      severity: "must",
      title: "a client of 1.0 gets a card of 1.0, without a member more or less",
    },
    ({ server }) => expectShape(CardShape, server.card, "the card"),
  ),
  card(
    {
      id: "AC-1.13-plain",
      severity: "must",
      title: "a client that states no version gets a card of 1.0, perhaps with all that 0.3 needs",
    },
    ({ server: { plainCard } }) => {
      if (!isHybrid(plainCard)) return expectShape(CardShape, plainCard, "the card");
      expectShape(LegacyCardShape, plainCard, "the card for 0.3");
    },
  ),
  card(
    { id: "AC-1.13-vary", severity: "should", title: "a card that depends on A2A-Version says so in Vary" },
    ({ server: { cardAnswer, plainAnswer } }) => {
      if (cardAnswer.text === plainAnswer.text) skip("the card is the same for all versions");
      const vary = plainAnswer.headers.get("vary") ?? "";
      if (!/(^|,)\s*(a2a-version|\*)\s*(,|$)/i.test(vary)) found(`Vary: ${vary || "none"}`, "Vary: A2A-Version");
    },
  ),
  card({ id: "CARD-CACHE-001", severity: "should", title: "the card has Cache-Control with max-age" }, ({ server }) => {
    const value = server.plainAnswer.headers.get("cache-control") ?? "none";
    if (!/\bmax-age=\d+/.test(value)) found(`Cache-Control: ${value}`, "max-age=SECONDS");
  }),
  card({ id: "CARD-CACHE-002", severity: "should", title: "the card has an ETag" }, ({ server }) => {
    const tag = server.plainAnswer.headers.get("etag") ?? "none";
    if (!/^(W\/)?"[^"]*"$/.test(tag)) found(`ETag: ${tag}`, "an entity tag in quotes");
  }),
  card({ id: "CARD-CACHE-003", severity: "may", title: "the card has Last-Modified" }, ({ server }) => {
    const value = server.plainAnswer.headers.get("last-modified") ?? "none";
    if (Number.isNaN(Date.parse(value))) found(`Last-Modified: ${value}`, "an HTTP date");
  }),
  card(
    { id: "AC-1.13-not-modified", severity: "should", title: "the card's ETag in If-None-Match is answered with 304" },
    async ({ server, exchange }) => {
      const tag = server.plainAnswer.headers.get("etag") ?? skip("the card has no ETag");
      // Without a Cache-Control of ours, fetch asks for a fresh copy.
      const headers = { "if-none-match": tag, "cache-control": "max-age=0" };
      const again = await exchange.request({ url: server.cardUrl, headers });
      if (again.status !== 304 || again.text !== "") found(`HTTP ${again.status}`, "HTTP 304 without a body");
    },
  ),
  card(
    { id: "AC-1.13-older-path", severity: "may", title: "an agent of 0.3 has its card at /.well-known/agent.json too" },
    async ({ server, exchange }) => {
      if (!server.interfaces.some(({ version }) => version === "0.3")) skip("the card names no interface of 0.3");
      if (!server.cardUrl.endsWith("/agent-card.json")) skip("the card is not at the well-known path");
      const url = server.cardUrl.replace(/agent-card\.json$/, "agent.json");
      const { status, json } = await exchange.request({ url });
      if (status !== 200 || !isObject(json)) found(`HTTP ${status} at ${url}`, "the card");
    },
  ),
  card(
    { id: "AC-1.13-interface-urls", severity: "must", title: "interfaces over HTTP have absolute URLs" },
    ({ server: { card: document } }) => {
      for (const each of listAt(document, "supportedInterfaces")) {
        const url = textAt(each, "url") ?? "";
        if (textAt(each, "protocolBinding") !== "GRPC" && !/^https?:$/.test(URL.parse(url)?.protocol ?? ""))
          found(`the URL ${shown(url)}`, "an absolute URL");
      }
    },
  ),
  card(
    { id: "AC-1.1-tls", severity: "should", title: "interfaces away from this machine use TLS" },
    ({ server: { interfaces } }) => {
      const open = interfaces.filter(({ url }) => /^http:\/\/(?!localhost\b|127\.|\[::1\])/i.test(url));
      if (open.length > 0) found(open.map(({ url }) => url).join(", "), "https");
    },
  ),
  card({ id: "AC-1.13-skill-ids", severity: "must", title: "no two skills have one id" }, ({ server }) => {
    const ids = listAt(server.card, "skills").map((skill) => textAt(skill, "id"));
    const twice = ids.find((id, index) => ids.indexOf(id) !== index);
    if (twice !== undefined) found(`the id ${twice} twice`, "an id for each skill");
  }),
  card(
    {
      id: "AC-1.13-requirements",
      severity: "must",
      title: "security requirements name schemes that the card declares",
    },
    ({ server: { card: document } }) => {
      const requirements = [
        ...listAt(document, "securityRequirements"),
        ...listAt(document, "skills").flatMap((skill) => listAt(skill, "securityRequirements")),
      ];
      const declared = Object.keys((member(document, "securitySchemes") as object | undefined) ?? {});
      const names = requirements.flatMap((each) => Object.keys((member(each, "schemes") as object | undefined) ?? {}));
      const unknown = names.filter((name) => !declared.includes(name));
      if (unknown.length > 0) found(unknown.join(", "), `one of ${declared.join(", ") || "no schemes at all"}`);
    },
  ),
  card(
    {
      id: "AC-1.13-signature-headers",
      severity: "must",
      title: "signatures are JWS with alg and kid in the protected header",
    },
    ({ server }) => {
      const signatures = listAt(server.card, "signatures");
      if (signatures.length === 0) skip("the card is not signed");
      for (const signature of signatures) {
        const header = decoded(textAt(signature, "protected") ?? "");
        if (textAt(header, "alg") === undefined || textAt(header, "kid") === undefined)
          found(`the protected header ${shown(header)}`, "alg and kid");
        if (textAt(header, "alg")?.toLowerCase() === "none") found("alg none", "an algorithm that signs");
      }
    },
  ),
  card(
    { id: "AC-1.13-signature", severity: "must", title: "signatures verify with the agent's keys" },
    async ({ server, verifySignatures }) => {
      if (listAt(server.card, "signatures").length === 0) skip("the card is not signed");
      const wrong = await (verifySignatures ?? skip("needs --jwks"))(server.card);
      if (wrong !== undefined) found(wrong, "a signature over the card as it is");
    },
  ),
  card(
    { id: "AC-1.13-catalogue", severity: "may", title: "the host has an AI catalogue that names the card" },
    async ({ server, exchange }) => {
      const url = new URL("/.well-known/ai-catalog.json", server.cardUrl).href;
      const { status, json } = await exchange.request({ url });
      if (status !== 200 || typeof member(json, "specVersion") !== "string" || listAt(json, "entries").length === 0)
        found(`HTTP ${status} at ${url}`, "specVersion and entries");
    },
  ),
];

const decoded = (text: string): unknown => {
  try {
    return JSON.parse(Buffer.from(text, "base64url").toString("utf8"));
  } catch {
    return undefined;
  }
};
