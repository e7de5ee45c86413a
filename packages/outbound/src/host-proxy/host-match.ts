/** Whether one of the hosts that were named is asked for. */
export type HostMatch = (name: string, port: number) => boolean;

// What is named without a port.
const DEFAULT_PORTS: readonly number[] = [443, 80];
// All else is no name, though it may end as one: `::1%x.example.org` is an address of this machine with a zone.
const NAME = /^[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/;

/** `hosts`: as `SandboxNetwork` of the contract has them. */
export const createHostMatch = (hosts: readonly string[]): HostMatch => {
  const named = hosts.map((host) => {
    const [name = "", port] = host.toLowerCase().split(":");
    return { name, ports: port === undefined ? DEFAULT_PORTS : [Number(port)] };
  });
  return (asked, port) => {
    // A dot at its end says that it is whole.
    const whole = asked.toLowerCase().replace(/\.$/, "");
    if (!NAME.test(whole)) return false;
    return named.some(
      ({ name, ports }) =>
        ports.includes(port) &&
        (name.startsWith("*.") ? whole.endsWith(name.slice(1)) && whole.length >= name.length : whole === name),
    );
  };
};
