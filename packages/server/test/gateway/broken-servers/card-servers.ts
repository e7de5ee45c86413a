/** Servers that get cards (A2A 8) wrong. */
import { cardHeader, cardMember } from "../mutated-server.ts";
import { type BrokenServer, type Json } from "./broken-server.ts";

const SIGNED = Buffer.from('{"alg":"ES256","kid":"k1"}').toString("base64url");

export const CARD_SERVERS: readonly BrokenServer[] = [
  [
    "has no public card",
    {
      instead: (call) =>
        call.operation === "card" && call.request.headers.get("a2a-version") === null
          ? { status: 401, headers: { "content-type": "application/json" }, body: {} }
          : undefined,
    },
    { fails: ["CARD-DISC-001", "AC-1.13-plain"] },
  ],
  ["sends the card as text", cardHeader("content-type", "text/plain"), { fails: "AC-1.13-media-type" }],
  [
    "adds a member to the card of 1.0",
    cardMember(
      (card) => ({ ...card, kind: "agent" }),
      ({ request }) => request.headers.get("a2a-version") === "1.0",
    ),
    { fails: "AC-1.13-structure" },
  ],
  [
    "adds a member to the card that everybody gets",
    cardMember(
      (card) => ({ ...card, extra: 1 }),
      ({ request }) => request.headers.get("a2a-version") === null,
    ),
    { fails: "AC-1.13-plain" },
  ],
  [
    "has a relative interface",
    cardMember((card) => ({
      ...card,
      supportedInterfaces: [
        ...(card["supportedInterfaces"] as Json[]),
        { url: "/elsewhere", protocolBinding: "HTTP+JSON", protocolVersion: "1.0" },
      ],
    })),
    { fails: "AC-1.13-interface-urls" },
  ],
  [
    "has a skill twice",
    cardMember((card) => ({ ...card, skills: [...(card["skills"] as Json[]), ...(card["skills"] as Json[])] })),
    { fails: "AC-1.13-skill-ids" },
  ],
  [
    "requires a scheme that it does not declare",
    cardMember((card) => ({
      ...card,
      skills: (card["skills"] as Json[]).map((skill) => ({
        ...skill,
        securityRequirements: [{ schemes: { none: { list: [] } } }],
      })),
    })),
    { fails: "AC-1.13-requirements" },
  ],
  [
    "signs with a key that is not its own",
    cardMember((card) => ({ ...card, signatures: [{ protected: SIGNED, signature: "AA" }] })),
    { fails: "AC-1.13-signature", signature: "no signature of the card verifies" },
  ],
  [
    "signs without a key id",
    cardMember((card) => ({
      ...card,
      signatures: [{ protected: Buffer.from('{"alg":"ES256"}').toString("base64url"), signature: "AA" }],
    })),
    { fails: "AC-1.13-signature-headers" },
  ],
];
