/** Exit codes of the command line, from sysexits.h where it has one. */
export const EXIT = {
  ok: 0,
  failed: 1,
  /** `apply --dry-run --exit-code`: something would be changed. */
  differs: 2,
  /** The command line itself is wrong. */
  usage: 64,
  /** The server understood, and refused. */
  refused: 65,
  /** The server, or its database, can't be reached. */
  unreachable: 69,
  /** The data directory is in use by another supervisor, or can't be made. */
  dataDirectory: 73,
  /** A port is in use. */
  portInUse: 75,
  /** Something may not be done by this user, e.g. a port below 1024, or nobody is signed in. */
  noPermission: 77,
  /** The configuration is wrong. */
  configuration: 78,
  /** Somebody else changed it meanwhile, or it is in a state that does not allow this. sysexits.h has none for that. */
  conflict: 79,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Ends the command with a message for people and an exit code. */
export class StartError extends Error {
  readonly exitCode: ExitCode;

  constructor(exitCode: ExitCode, message: string) {
    super(message);
    this.name = "StartError";
    this.exitCode = exitCode;
  }
}
