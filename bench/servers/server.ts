/** A program under test, or beside one. */
export interface Server {
  name: string;
  port: number;
  /** The processes whose CPU is counted, by what they do: those called `worker…` carry the load. */
  pids: Record<string, number>;
  stop(): Promise<void>;
}

export type Start = <T extends Server>(starting: Promise<T>) => Promise<T>;

/** Stops every server started within, the last one first, however it ends. */
export async function withServers<T>(use: (start: Start) => Promise<T>): Promise<T> {
  const servers: Server[] = [];
  try {
    return await use(async (starting) => {
      const server = await starting;
      servers.push(server);
      return server;
    });
  } finally {
    for (const server of servers.reverse()) await server.stop();
  }
}

/** The process that carries the load, of a server that has one. */
export function workerOf(server: Server): number {
  const pid = server.pids.worker;
  if (pid === undefined) throw new Error(`${server.name} has no worker process`);
  return pid;
}
