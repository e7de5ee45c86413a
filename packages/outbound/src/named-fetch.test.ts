import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import type { Lookup } from "./guarded-lookup.ts";
import { createNamedFetch } from "./named-fetch.ts";
import type { NamedOrigin } from "./named-origins.ts";

const serve = async (): Promise<string> => {
  const server = createServer((_request, response) => response.end("here")).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
};

const leadsTo =
  (address: string): Lookup =>
  (_host, _options, callback) =>
    callback(null, [{ address, family: 4 }]);

const open = (named: readonly NamedOrigin[], more: { allowPrivate?: boolean; lookup?: Lookup } = {}) => {
  const fetch = createNamedFetch({ named, allowPrivate: false, option: "--allow", ...more });
  onTestFinished(() => fetch.close());
  return fetch;
};

test("this machine is called at the origins that are named, and at no other port or name of it", async () => {
  const [named, other] = [await serve(), await serve()];
  const fetch = open([{ origin: named, sendsSecret: false }]);
  expect(await (await fetch(`${named}/any/path`)).text()).toBe("here");
  for (const url of [other, named.replace("127.0.0.1", "localhost")])
    await expect(fetch(url)).rejects.toMatchObject({
      code: "CONFIG_INVALID",
      message: expect.stringContaining("named"),
    });
});

test("a private network is not called where it is not allowed, nor where it is not named, whatever leads to it", async () => {
  const origin = "http://intranet.example:9";
  const lookup = leadsTo("10.0.0.9");
  const refused = { code: "CONFIG_INVALID", message: expect.stringContaining("private network") };
  await expect(open([{ origin, sendsSecret: false }], { lookup })(origin)).rejects.toMatchObject(refused);
  await expect(open([], { lookup, allowPrivate: true })(origin)).rejects.toMatchObject(refused);
});

test("where a key goes it goes encrypted, also when the origin is named once more without", async () => {
  const origin = "http://api.example";
  const named = [
    { origin, sendsSecret: true },
    { origin, sendsSecret: false },
  ];
  await expect(open(named, { lookup: leadsTo("93.184.216.34") })(origin)).rejects.toMatchObject({
    ...{ code: "CONFIG_INVALID", message: expect.stringContaining("https") },
  });
});

test("what is no address is refused", async () => {
  await expect(open([])("nonsense")).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
});
