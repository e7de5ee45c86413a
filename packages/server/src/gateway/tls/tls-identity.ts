/**
 * The node's certificate and key, as files that somebody else renews. They are read again now and then rather than on a
 * signal: what renews them (a mounted secret, an ACME client) often cannot send one, and watching a folder misses
 * the exchange of a link that mounted secrets are renewed by.
 */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createSecureContext, type SecureContextOptions, type Server, type TlsOptions } from "node:tls";
import { PlatformError } from "@agentcore/contract";

export interface TlsFiles {
  /** PEM: the certificate, then those that it was signed by. */
  readonly cert: string;
  /** PEM, without a passphrase. */
  readonly key: string;
  /** PEM of the authorities whose client certificates are believed; without it, none is asked for. */
  readonly clientCa?: string | undefined;
}

export interface TlsIdentityOptions {
  readonly files: TlsFiles;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Told of an expired certificate and of a renewal that failed, each once. */
  readonly warn: (message: string) => void;
  /** @default 10,000; 0: never by itself */
  readonly lookEveryMs?: number | undefined;
}

export interface TlsIdentity {
  /** For a server, which `serve` then keeps up to date. */
  readonly options: TlsOptions;
  /** Gives the server what comes after a renewal. Connections that stand keep what they began with. */
  serve(server: Pick<Server, "setSecureContext">): void;
  /** Reads the files again, and takes them up if they changed and are sound; else what is there stays. */
  refresh(): Promise<void>;
  close(): void;
}

interface Material {
  readonly cert: string;
  readonly key: string;
  readonly ca: string | undefined;
  readonly expiresAt: number;
}

const LOOK_EVERY_MS = 10_000;

/** Throws CONFIG_INVALID for what cannot be read or does not belong together; one that has expired only warns. */
export const createTlsIdentity = async ({
  files,
  now,
  warn,
  lookEveryMs = LOOK_EVERY_MS,
}: TlsIdentityOptions): Promise<TlsIdentity> => {
  let material = await load(files);
  const servers: Pick<Server, "setSecureContext">[] = [];
  // What was said last, so that it is not said every ten seconds.
  let said = "";
  const say = (message: string): void => {
    if (message !== said && message !== "") warn(message);
    said = message;
  };
  const checkDate = (): void =>
    say(
      material.expiresAt > now()
        ? ""
        : `the certificate ${files.cert} expired at ${new Date(material.expiresAt).toISOString()}`,
    );
  checkDate();

  const optionsOf = ({ cert, key, ca }: Material): TlsOptions => ({
    ...{ cert, key, minVersion: "TLSv1.2" },
    ...(ca === undefined ? {} : { ca }),
  });

  const refresh = async (): Promise<void> => {
    let found: Material;
    try {
      found = await load(files);
    } catch (error) {
      // Certificate and key are rarely renewed in one instant.
      return say(`${(error as Error).message}; the certificate in use stays`);
    }
    if (found.cert !== material.cert || found.key !== material.key || found.ca !== material.ca) {
      for (const server of servers) server.setSecureContext(optionsOf(found));
      material = found;
    }
    checkDate();
  };

  const timer = lookEveryMs === 0 ? undefined : setInterval(() => void refresh(), lookEveryMs).unref();
  return {
    get options() {
      return {
        ...optionsOf(material),
        // Who needs a certificate to call is decided where credentials are; here a wrong one counts as none.
        ...(material.ca === undefined ? {} : { requestCert: true, rejectUnauthorized: false }),
        handshakeTimeout: 10_000,
      };
    },
    serve: (server) => void servers.push(server),
    refresh,
    close: () => clearInterval(timer),
  };
};

const load = async (files: TlsFiles): Promise<Material> => {
  const [cert, key, ca] = await Promise.all([
    read(files.cert, "certificate"),
    read(files.key, "key"),
    files.clientCa === undefined ? undefined : read(files.clientCa, "client authorities"),
  ]);
  const certificate = parsed(files.cert, "certificate", () => new X509Certificate(cert));
  const privateKey = parsed(files.key, "private key without a passphrase", () => createPrivateKey(key));
  if (ca !== undefined) parsed(files.clientCa ?? "", "certificate", () => new X509Certificate(ca));
  if (!certificate.checkPrivateKey(privateKey))
    throw new PlatformError("CONFIG_INVALID", `the key ${files.key} does not belong to the certificate ${files.cert}`);
  servable(files.cert, cert, { cert, key });
  if (ca !== undefined) servable(files.clientCa ?? "", ca, { ca });
  return { cert, key, ca, expiresAt: certificate.validToDate.getTime() };
};

const read = async (path: string, what: string): Promise<string> => {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    const why = (cause as NodeJS.ErrnoException).code ?? String(cause);
    throw new PlatformError("CONFIG_INVALID", `cannot read the ${what} for TLS at ${path} (${why})`, { cause });
  }
};

/** The parsers look at the first certificate of a file alone; of the others a server throws, or drops them without a word. */
const servable = (path: string, text: string, options: SecureContextOptions): void => {
  try {
    for (const [each] of text.matchAll(/-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----[^]*?(?=-----BEGIN|$)/g))
      new X509Certificate(each);
    createSecureContext(options);
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code ?? "no reason given";
    throw new PlatformError("CONFIG_INVALID", `TLS cannot be served with all that is in ${path} (${why})`);
  }
};

/** OpenSSL's own words are left out: they name offsets, and may follow text of the key. */
const parsed = <T>(path: string, what: string, parse: () => T): T => {
  try {
    return parse();
  } catch {
    throw new PlatformError("CONFIG_INVALID", `${path} holds no ${what} in PEM form`);
  }
};
