/** What a socket tells about who is at its other end. */
import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import type { ClientCertificate, ConnectionInfo } from "./deps/connection-info.ts";

/** To be asked once the handshake is over; does not change after that. */
export const connectionInfo = (socket: Socket): ConnectionInfo => {
  const { remoteAddress, localPort } = socket;
  const clientCertificate = socket instanceof TLSSocket ? verifiedCertificate(socket) : undefined;
  return { remoteAddress, localPort, ...(clientCertificate === undefined ? {} : { clientCertificate }) };
};

const verifiedCertificate = (socket: TLSSocket): ClientCertificate | undefined => {
  if (!socket.authorized) return undefined;
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) return undefined;
  const { subject, issuer, fingerprint256, subjectAltName } = certificate;
  // Node has undefined for an empty name, as certificates of workloads (SPIFFE) have it, whatever its types say.
  return { subject: subject ?? "", issuer: issuer ?? "", fingerprint256, subjectAltName };
};
