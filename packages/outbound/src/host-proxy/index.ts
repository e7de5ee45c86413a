export {
  type HostProxy,
  type HostProxyOptions,
  openHostProxy,
  type RefusedHost,
} from "./open-host-proxy.ts";
