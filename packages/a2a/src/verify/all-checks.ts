/** Every check, in the order of the report. */
import type { Check } from "./check.ts";
import { ACCESS_CHECKS } from "./checks/access-checks.ts";
import { CARD_CHECKS } from "./checks/card-checks.ts";
import { DATA_CHECKS } from "./checks/data-checks.ts";
import { HTTP_JSON_CHECKS } from "./checks/http-json-checks.ts";
import { INPUT_CHECKS } from "./checks/input-checks.ts";
import { JSON_RPC_CHECKS } from "./checks/json-rpc-checks.ts";
import { LEGACY_CHECKS } from "./checks/legacy-checks.ts";
import { LIST_CHECKS } from "./checks/list-checks.ts";
import { PUSH_CHECKS } from "./checks/push-checks.ts";
import { ERROR_CHECKS, SEND_CHECKS } from "./checks/send-checks.ts";
import { STREAM_CHECKS } from "./checks/stream-checks.ts";
import { VERSION_CHECKS } from "./checks/version-checks.ts";

export const ALL_CHECKS: readonly Check[] = [
  ...CARD_CHECKS,
  ...ERROR_CHECKS,
  ...JSON_RPC_CHECKS,
  ...HTTP_JSON_CHECKS,
  ...VERSION_CHECKS,
  ...DATA_CHECKS,
  ...INPUT_CHECKS,
  ...SEND_CHECKS,
  ...LIST_CHECKS,
  ...STREAM_CHECKS,
  ...PUSH_CHECKS,
  ...ACCESS_CHECKS,
  ...LEGACY_CHECKS,
];
