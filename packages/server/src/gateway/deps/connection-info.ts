/** What the transport knows about a connection. */
export interface ConnectionInfo {
  readonly remoteAddress?: string | undefined;
  /** The node's own port; what it announces may differ. */
  readonly localPort?: number | undefined;
  /** Present when the client showed one that the configured authorities have signed. */
  readonly clientCertificate?: ClientCertificate | undefined;
}

/** As Node's X509Certificate has it. */
export interface ClientCertificate {
  /** A line an attribute, `CN=ann`; empty when it has none. */
  readonly subject: string;
  readonly issuer: string;
  /** Upper-case hexadecimal bytes between colons. */
  readonly fingerprint256: string;
  /** `DNS:a.example, URI:spiffe://…`; undefined when it has none. */
  readonly subjectAltName?: string | undefined;
}
