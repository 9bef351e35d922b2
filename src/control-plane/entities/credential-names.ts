import type { Change } from "../plane.ts";
import { ProblemError } from "../problem.ts";
import { type CredentialRow, namesOf } from "./stored-credential.ts";

/**
 * What a credential is found by (a user name, a key id, a claim's value, a name of a certificate) stands for one application. The
 * application has it until its last credential with that name is revoked: what was before a rotation has the same.
 */
export async function claimNames({ trx }: Pick<Change, "trx">, row: CredentialRow): Promise<void> {
  const names = namesOf(row);
  if (names.length === 0) return;
  const digests = names.map(({ digest }) => digest);
  const query = trx.selectFrom("credential_names").select("digest").where("digest", "in", digests);
  const taken = new Set((await query.execute()).map(({ digest }) => digest));
  const first = names.find(({ digest }) => taken.has(digest));
  // Not whose it is: that is the other team's to tell.
  if (first !== undefined) {
    throw new ProblemError(
      "already_exists",
      `${first.text}: taken by another credential, which has to be revoked first`,
    );
  }
  const { application_id } = row;
  await trx
    .insertInto("credential_names")
    .values(digests.map((digest) => ({ digest, application_id })))
    .execute();
}

/** `row` was revoked just now. */
export async function releaseNames({ trx }: Pick<Change, "trx">, row: CredentialRow): Promise<void> {
  const names = new Set(namesOf(row).map(({ digest }) => digest));
  if (names.size === 0) return;
  const others = trx
    .selectFrom("credentials")
    .selectAll()
    .where("application_id", "=", row.application_id)
    .where("kind", "=", row.kind)
    .where("revoked_at", "is", null);
  for (const other of await others.execute()) for (const { digest } of namesOf(other)) names.delete(digest);
  if (names.size === 0) return;
  await trx
    .deleteFrom("credential_names")
    .where("digest", "in", [...names])
    .execute();
}
