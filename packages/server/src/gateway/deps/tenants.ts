export const DEFAULT_TENANT = "default";

/** Holds what belongs to no tenant; nobody's key may name it. */
export const SYSTEM_TENANT = "system";
