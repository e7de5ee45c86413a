/** 14, as `server_version_num` says it. */
export const OLDEST_VERSION = 140_000;
