import { readFile } from "node:fs/promises";
import { failure } from "../failure.ts";

/**
 * From now on this process believes what these authorities have signed, besides what it believed before: fetch takes no list
 * of its own. Throws CONFIG_INVALID.
 */
export const trustAuthorities = async (file: string): Promise<void> => {
  const [{ X509Certificate }, tls] = await Promise.all([import("node:crypto"), import("node:tls")]);
  try {
    const authorities = (await readFile(file, "utf8")).split(/(?=-----BEGIN)/).filter((text) => text.trim() !== "");
    // Text that is no certificate would be taken, and mean nothing.
    for (const authority of authorities) new X509Certificate(authority);
    tls.setDefaultCACertificates([...tls.getCACertificates("default"), ...authorities]);
  } catch (cause) {
    throw failure(
      "CONFIG_INVALID",
      `${file} holds no certificates in PEM form that can be read`,
      "Give the certificate of the authority that signed the server's, or of the server itself, with --ca.",
      cause,
    );
  }
};
