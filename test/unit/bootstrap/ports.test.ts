import { createServer, type Server } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { EXIT } from "../../../src/bootstrap/exit-codes.ts";
import { describeProblem, ownersOf, probePort, requirePort, requirePorts } from "../../../src/bootstrap/ports.ts";

let servers: Server[] = [];

afterEach(async () => {
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  servers = [];
});

async function busyPort(host: string): Promise<number> {
  const server = createServer();
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no TCP address");
  return address.port;
}

describe("ports", () => {
  it.each(["127.0.0.1", "0.0.0.0", "::1"])("in use on %s name their owner", async (host) => {
    const port = await busyPort(host);
    expect(await probePort(host, port)).toMatchObject({ state: "busy", owners: [{ pid: process.pid }] });
    await expect(requirePort("gateway", host, port, new Set())).rejects.toMatchObject({
      exitCode: EXIT.portInUse,
      message: expect.stringContaining(`in use by pid ${process.pid}`),
    });
  });

  it("are free again after the probe", async () => {
    const port = await busyPort("127.0.0.1");
    await new Promise((resolve) => servers.pop()?.close(resolve));
    expect(await probePort("127.0.0.1", port)).toEqual({ state: "free" });
    expect(await probePort("127.0.0.1", port)).toEqual({ state: "free" });
    expect(ownersOf(port)).toEqual([]);
  });

  it("may be held by processes that are known", async () => {
    const port = await busyPort("127.0.0.1");
    await requirePort("gateway", "127.0.0.1", port, new Set([process.pid]));
  });

  it.each(["127.0.0.1", "0.0.0.0", "::"])(
    "bug: the admin API's on a gateway's (%s) was found out by workers that ended again and again",
    async (host) => {
      const port = await busyPort("127.0.0.1");
      await new Promise((resolve) => servers.pop()?.close(resolve));
      const admin = { host: "127.0.0.1", port };
      await expect(requirePorts([{ host, port }], admin, new Set())).rejects.toMatchObject({
        exitCode: EXIT.portInUse,
        message: expect.stringMatching(
          /gateway address .* and admin address 127\.0\.0\.1:\d+ are the same.*TIDEGATE_ADMIN_PORT/,
        ),
      });
      expect(await probePort("127.0.0.1", port)).toEqual({ state: "free" });
      await requirePorts([{ host, port: 0 }], admin, new Set());
    },
  );

  it("on addresses of other machines are refused with the reason", async () => {
    await expect(requirePort("admin", "192.0.2.1", 9080, new Set())).rejects.toMatchObject({
      exitCode: EXIT.failed,
      message: expect.stringContaining("EADDRNOTAVAIL"),
    });
  });

  it("that need a privilege come with the remedy", () => {
    const message = describeProblem("gateway", "0.0.0.0", 443, { state: "forbidden" });
    expect(message).toContain("0.0.0.0:443: permission denied");
    expect(message).toContain("ip_unprivileged_port_start");
    expect(message).toContain("setcap");
  });
});
