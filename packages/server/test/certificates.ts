/** Certificates for tests. Node signs, but writes no X.509: this is as much of DER (X.690) and RFC 5280 as that takes. */
import { generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";
import { isIPv4 } from "node:net";

export interface Issued {
  /** PEM. */
  readonly cert: string;
  readonly key: string;
}

export interface Authority extends Issued {
  issue(request: {
    /** Empty: it has an empty subject. */
    readonly name: string;
    /** DNS names, IPv4 addresses, and URIs. */
    readonly altNames?: readonly string[];
    /** Milliseconds since 1970. @default an hour from now */
    readonly expiresAt?: number;
  }): Issued;
}

const HOUR_MS = 3_600_000;

const der = (tag: number, ...contents: readonly Uint8Array[]): Buffer => {
  const content = Buffer.concat(contents);
  const { length } = content;
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
};
const sequence = (...contents: readonly Uint8Array[]) => der(0x30, ...contents);
const text = (tag: number, value: string) => der(tag, Buffer.from(value));
const identifier = (hex: string) => der(0x06, Buffer.from(hex, "hex"));
const utcTime = (ms: number) =>
  text(
    0x17,
    `${new Date(ms)
      .toISOString()
      .replace(/[-:T]|\.\d+/g, "")
      .slice(2)}`,
  );

const COMMON_NAME = identifier("550403");
const ECDSA_SHA256 = sequence(identifier("2a8648ce3d040302"));
const TRUE = der(0x01, Buffer.from([0xff]));

const nameOf = (name: string) =>
  name === "" ? sequence() : sequence(der(0x31, sequence(COMMON_NAME, text(0x0c, name))));

const altName = (name: string) => {
  if (isIPv4(name)) return der(0x87, Buffer.from(name.split(".").map(Number)));
  return text(name.includes("://") ? 0x86 : 0x82, name);
};

const constraints = (isAuthority: boolean) =>
  sequence(identifier("551d13"), TRUE, der(0x04, sequence(...(isAuthority ? [TRUE] : []))));
const altNamesExtension = (names: readonly string[]) =>
  sequence(identifier("551d11"), der(0x04, sequence(...names.map(altName))));

interface Request {
  readonly issuer: string;
  readonly name: string;
  readonly publicKey: KeyObject;
  readonly signer: KeyObject;
  readonly isAuthority: boolean;
  readonly altNames: readonly string[];
  readonly expiresAt: number;
}

const certificate = ({ issuer, name, publicKey, signer, isAuthority, altNames, expiresAt }: Request): string => {
  const extensions = [constraints(isAuthority), ...(altNames.length === 0 ? [] : [altNamesExtension(altNames)])];
  const signed = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.concat([Buffer.from([1]), randomBytes(15)])),
    ECDSA_SHA256,
    nameOf(issuer),
    sequence(utcTime(Math.min(Date.now(), expiresAt) - HOUR_MS), utcTime(expiresAt)),
    nameOf(name),
    publicKey.export({ type: "spki", format: "der" }),
    der(0xa3, sequence(...extensions)),
  );
  const bits = der(0x03, Buffer.from([0]), sign("sha256", signed, signer));
  const base64 = sequence(signed, ECDSA_SHA256, bits).toString("base64");
  return `-----BEGIN CERTIFICATE-----\n${base64.match(/.{1,64}/g)?.join("\n")}\n-----END CERTIFICATE-----\n`;
};

const pem = (key: KeyObject) => key.export({ type: "pkcs8", format: "pem" }) as string;

export const createAuthority = (issuer = "Test Authority"): Authority => {
  const own = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const common = { issuer, signer: own.privateKey };
  const inAnHour = () => Date.now() + HOUR_MS;
  return {
    cert: certificate({
      ...common,
      ...{ name: issuer, publicKey: own.publicKey, isAuthority: true, altNames: [], expiresAt: inAnHour() },
    }),
    key: pem(own.privateKey),
    issue({ name, altNames = [], expiresAt = inAnHour() }) {
      const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
      const cert = certificate({ ...common, name, publicKey, isAuthority: false, altNames, expiresAt });
      return { cert, key: pem(privateKey) };
    },
  };
};
