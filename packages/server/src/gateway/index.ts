/** What serves a node's HTTP, loaded while its store opens: what other rooms know of it stands in files that need none of that. */
export { createGateway } from "./create-gateway.ts";
export { type GrpcListener, listenGrpc } from "./grpc/listen-grpc.ts";
export { type Listener, listen } from "./listen.ts";
export { shutDown } from "./shut-down.ts";
export { createTlsIdentity, type TlsFiles, type TlsIdentity } from "./tls/tls-identity.ts";
